/**
 * Writes a layer with blocks of 4-bit weights as `MatMulNBits` of ONNX Runtime: inputs A, B, scales and
 * zero points, where B is [N, blocks, block_size / 2] bytes with the first code in the low bits, scales
 * are N × blocks, and zero points, two in a byte, begin a new byte with each output. Codes are unsigned;
 * without zero points 8 stands for zero.
 * (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftmatmulnbits)
 */

import { floatAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import { outputRows } from '../blocks';
import type { Blueprint, QuantizedLayer } from '../blueprint';
import { biasBehind } from './bias-behind';
import type { QuantizedGraph } from './quantized-graph';

const bits = 4;
const middle = 2 ** (bits - 1);

/** Puts the product in the place of the layer's MatMul or Gemm, and its bias behind it. */
export function writeMatMulNBits(
  graph: QuantizedGraph,
  node: Node,
  layer: QuantizedLayer,
  { accuracyLevel }: Blueprint,
): void {
  const { site, weight } = layer;
  const { grid } = weight;
  const size = grid.block!;
  const rows = outputRows(weight.codes, dimsOf(site.weight), site.axis);
  const [outputs, inputs] = [rows.length, rows[0].length];
  const blocks = Math.ceil(inputs / size);
  const offset = grid.type.signed ? middle : 0;
  const packed = new Uint8Array((outputs * blocks * size) / 2);
  rows.forEach((row, o) => pack(packed, o * blocks * size, row, offset));
  const name = site.weight.name ?? site.name;
  // A factor of the product is one of all its scales.
  const alpha = node.opType === 'Gemm' ? floatAttribute(node, 'alpha', 1) : 1;
  const scales = grid.scale.map((each) => each * alpha);
  const input = [
    node.input[0],
    graph.constant(`${name}_packed`, 'uint8', [outputs, blocks, size / 2], packed),
    graph.constant(`${name}_scales`, 'float', [outputs * blocks], scales),
  ];
  if (!grid.type.signed) {
    const width = Math.ceil(blocks / 2);
    const zeros = new Uint8Array(outputs * width);
    for (let o = 0; o < outputs; o++) {
      pack(zeros, o * width * 2, grid.zeroPoint.subarray(o * blocks, (o + 1) * blocks), 0);
    }
    input.push(graph.constant(`${name}_zero_points`, 'uint8', [outputs * width], zeros));
  }
  const attributes = {
    ...{ K: inputs, N: outputs, bits, block_size: size },
    ...(accuracyLevel === undefined ? {} : { accuracy_level: accuracyLevel }),
  };
  const bias = biasBehind(graph, node, layer);
  graph.substitute(node, (wanted) => {
    const product = graph.ownNode('MatMulNBits', input, wanted, attributes);
    return bias ? graph.node('Add', [product, bias], wanted) : product;
  });
}

/** Writes codes of 4 bits from a position on, the first of each pair in the low bits. */
function pack(into: Uint8Array, from: number, codes: Int32Array, offset: number): void {
  codes.forEach((code, i) => {
    const at = from + i;
    into[at >> 1] |= ((code + offset) & 15) << ((at & 1) * bits);
  });
}
