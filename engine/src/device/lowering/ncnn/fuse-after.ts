import type { OrtRule } from '../ort-cpu/rule';
import type { Operator, RunGraph } from '../ort-cpu/run-graph';

const products = ['Gemm', 'MatMul'];
const layers = ['Conv', 'ConvTranspose', ...products];

export const fuseBias: OrtRule = {
  doc: 'The sum of a product with weights and a constant becomes one layer.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'MatMul' || !graph.isConstant(operator.inputs[1])) continue;
      const next = graph.onlyUser(operator.outputs[0]);
      const bias = next?.inputs.find((name) => name !== operator.outputs[0]);
      if (next?.type === 'Add' && graph.isConstant(bias)) absorb(operator, next, graph);
    }
  },
};

export const fuseActivation: OrtRule = {
  doc: 'ReLU and Clip behind a layer with weights are computed with it.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      const next = layers.includes(operator.type) && graph.onlyUser(operator.outputs[0]);
      if (!next || next.inputs.slice(1).some((name) => name && !graph.isConstant(name))) continue;
      if (next.type === 'Relu' || next.type === 'Clip') absorb(operator, next, graph);
    }
  },
};

function absorb(operator: Operator, next: Operator, graph: RunGraph): void {
  const nodes = [...operator.nodes, ...next.nodes];
  graph.replace([operator, next], { ...operator, outputs: [next.outputs[0]], nodes });
}
