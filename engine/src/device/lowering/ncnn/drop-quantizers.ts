import type { OrtRule } from '../ort-cpu/rule';

export const dropQuantizers: OrtRule = {
  doc: 'QuantizeLinear and DequantizeLinear are left out: layers of ncnn quantize what they read.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (!/^(Dynamic)?(Dequantize|Quantize)Linear$/.test(operator.type)) continue;
      if (graph.redirect(operator.outputs[0], operator.inputs[0])) graph.remove(operator);
    }
  },
};
