/** Convolutions and matrix products on 8-bit values, with scales and zero points as inputs. */

import { intAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import { convolution } from './channel-rules/convolution';
import { matrixProductRule } from './channel-rules/matrix-products';
import { conv } from './conv';
import { gemm } from './gemm';
import { matMul } from './mat-mul';
import type { Op } from './op';
import { typeOfInput, variantOf, type Variant } from './variant';

const domain = 'com.microsoft';
const int32: Variant['dtype'] = () => 'int32';

export const quantizedProducts: readonly Op[] = [
  // x, scale, zero, w, scale, zero, y scale, y zero, bias.
  variantOf(conv, {
    type: 'QLinearConv',
    inputs: [0, 3, 8],
    dtype: typeOfInput(7),
    channels: convolution({ weight: 3, bias: 8, parameters: [4, 5] }),
  }),
  variantOf(conv, {
    type: 'QLinearConv',
    domain,
    inputs: [0, 3, 8],
    dtype: typeOfInput(7),
    channelsLast,
  }),
  variantOf(matMul, {
    type: 'QLinearMatMul',
    inputs: [0, 3],
    dtype: typeOfInput(7),
    channels: matrixProductRule({ a: 0, b: 3, ofColumns: [4, 5] }),
  }),
  variantOf(conv, {
    type: 'ConvInteger',
    inputs: [0, 1],
    dtype: int32,
    channels: convolution({ weight: 1 }),
  }),
  variantOf(matMul, {
    type: 'MatMulInteger',
    inputs: [0, 1],
    dtype: int32,
    channels: matrixProductRule({ a: 0, b: 1, ofColumns: [3] }),
  }),
  variantOf(matMul, { type: 'MatMulInteger16', domain, inputs: [0, 1], dtype: sum16 }),
  // a, b, then the scales: the result is scaled back.
  variantOf(matMul, {
    type: 'MatMulIntegerToFloat',
    domain,
    inputs: [0, 1],
    dtype: typeOfInput(2),
  }),
  variantOf(matMul, { type: 'DynamicQuantizeMatMul', domain, inputs: [0, 1] }),
  // a, scale, zero, b, scale, zero, c, y scale, y zero; without the last two the result is float.
  variantOf(gemm, {
    type: 'QGemm',
    domain,
    inputs: [0, 3, 6],
    dtype: ({ node, inputs }) => (node.input[8] ? inputs[8]?.dtype : 'float'),
  }),
];

export function channelsLast(node: Node): boolean {
  return intAttribute(node, 'channels_last', 0) === 1;
}

/** Unsigned only when both operands are. */
function sum16({ inputs: [a, b] }: Parameters<NonNullable<Variant['dtype']>>[0]) {
  if (!a?.dtype || !b?.dtype) return undefined;
  return a.dtype === 'uint16' && b.dtype === 'uint16' ? 'uint32' : 'int32';
}
