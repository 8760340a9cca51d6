/**
 * Writes a layer whose input is quantized when the model runs (ONNX DynamicQuantizeLinear): the product
 * of bytes is MatMulInteger, and one factor for each output brings it back to floats. ONNX Runtime fuses
 * these nodes into DynamicQuantizeMatMul or MatMulIntegerToFloat
 * (onnxruntime/core/optimizer/matmul_integer_to_float.cc, dynamic_quantize_matmul_fusion.cc).
 */

import { floatAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import { outputRows } from '../blocks';
import type { QuantizedLayer } from '../blueprint';
import { biasBehind } from './bias-behind';
import type { QuantizedGraph } from './quantized-graph';

/** Puts these nodes in the place of the layer's MatMul or Gemm. */
export function writeDynamic(graph: QuantizedGraph, node: Node, layer: QuantizedLayer): void {
  const { site, weight } = layer;
  const { grid } = weight;
  const rows = outputRows(weight.codes, dimsOf(site.weight), site.axis);
  const [outputs, inputs] = [rows.length, rows[0].length];
  const codes = new Int32Array(inputs * outputs);
  rows.forEach((row, o) => row.forEach((code, i) => (codes[i * outputs + o] = code)));
  const name = site.weight.name ?? site.name;
  const shared = grid.scale.length === 1;
  const alpha = node.opType === 'Gemm' ? floatAttribute(node, 'alpha', 1) : 1;
  const scales = grid.scale.map((each) => each * alpha);
  const dims = shared ? [] : [outputs];
  // The product takes bytes alone, and so few bits lie in them.
  const storage = grid.type.signed ? 'int8' : 'uint8';
  const stored = graph.constant(`${name}_quantized`, storage, [inputs, outputs], codes);
  const scale = graph.constant(`${name}_scale`, 'float', dims, scales);
  const zero = graph.constant(`${name}_zero_point`, storage, dims, grid.zeroPoint);
  const bias = biasBehind(graph, node, layer);
  graph.substitute(node, (wanted) => {
    const read = graph.quantizeDynamically(node.input[0]);
    const sums = graph.node(
      'MatMulInteger',
      [read.codes, stored, read.zeroPoint, zero],
      `${wanted}_sums`,
    );
    const wide = graph.node('Cast', [sums], `${wanted}_cast`, { to: 1 });
    const step = graph.node('Mul', [read.scale, scale], `${wanted}_scale`);
    const product = graph.node('Mul', [wide, step], wanted);
    return bias ? graph.node('Add', [product, bias], wanted) : product;
  });
}
