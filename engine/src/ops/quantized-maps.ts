/** Operators of com.microsoft on 8-bit values that are no products: each rescales its result. */

import { arithmetic } from './arithmetic';
import { comparison } from './comparison';
import { concat } from './concat';
import { elementwiseUnary } from './elementwise-unary';
import type { Op } from './op';
import { pooling } from './pooling';
import { channelsLast } from './quantized-products';
import { reduce } from './reduce';
import { softmax } from './softmax';
import { typeOfInput, variantOf, type Variant } from './variant';

const domain = 'com.microsoft';

/** The version of the ONNX operators that these follow; some take their axes from attributes. */
const opset = 13;

export const quantizedMaps: readonly Op[] = [
  // a, scale, zero, b, scale, zero, y scale, y zero.
  quantized('QLinearAdd', named(arithmetic, 'Add'), { inputs: [0, 3] }),
  quantized('QLinearMul', named(arithmetic, 'Mul'), { inputs: [0, 3] }),
  // x, scale, zero, y scale, y zero.
  quantized('QLinearSigmoid', named(elementwiseUnary, 'Sigmoid')),
  quantized('QLinearLeakyRelu', named(elementwiseUnary, 'LeakyRelu')),
  quantized('QLinearSoftmax', named(softmax, 'Softmax')),
  quantized('QLinearReduceMean', named(reduce, 'ReduceMean')),
  quantized('QLinearAveragePool', named(pooling, 'AveragePool'), { channelsLast }),
  quantized('QLinearGlobalAveragePool', named(pooling, 'GlobalAveragePool'), { channelsLast }),
  // condition, x, scale, zero, y, scale, zero, z scale, z zero.
  quantized('QLinearWhere', named(comparison, 'Where'), {
    inputs: [0, 1, 4],
    dtype: typeOfInput(1),
  }),
  // y scale, y zero, then x, scale, zero of each part.
  quantized('QLinearConcat', concat, {
    inputs: ({ input }) => input.flatMap((_, i) => (i >= 2 && (i - 2) % 3 === 0 ? [i] : [])),
    dtype: typeOfInput(1),
  }),
  // a, zero, b, zero: 32-bit results.
  quantized('MulInteger', named(arithmetic, 'Mul'), { inputs: [0, 2], dtype: () => 'int32' }),
  quantized('ReduceSumInteger', named(reduce, 'ReduceSum'), { dtype: () => 'int32' }),
];

function quantized(type: string, base: Op, variant: Partial<Variant> = {}): Op {
  return variantOf(base, { inputs: [0], opset, ...variant, type, domain });
}

function named(family: readonly Op[], type: string): Op {
  return family.find((op) => op.type === type)!;
}
