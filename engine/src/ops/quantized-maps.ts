/** Operators of com.microsoft on 8-bit values that are no products: each rescales its result. */

import { arithmetic } from './arithmetic';
import { elementwise, samePlace } from './channel-rules/basic';
import { concatenation } from './channel-rules/joining';
import { poolingRule } from './channel-rules/spatial';
import { comparison } from './comparison';
import { concat } from './concat';
import { elementwiseUnary } from './elementwise-unary';
import type { Node } from '../ir/model';
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
  quantized('QLinearAdd', named(arithmetic, 'Add'), { inputs: [0, 3], channels: elementwise }),
  quantized('QLinearMul', named(arithmetic, 'Mul'), { inputs: [0, 3], channels: elementwise }),
  // x, scale, zero, y scale, y zero.
  quantized('QLinearSigmoid', named(elementwiseUnary, 'Sigmoid'), { channels: samePlace }),
  quantized('QLinearLeakyRelu', named(elementwiseUnary, 'LeakyRelu'), { channels: samePlace }),
  quantized('QLinearSoftmax', named(softmax, 'Softmax')),
  quantized('QLinearReduceMean', named(reduce, 'ReduceMean')),
  quantized('QLinearAveragePool', named(pooling, 'AveragePool'), {
    channelsLast,
    channels: poolingRule,
  }),
  quantized('QLinearGlobalAveragePool', named(pooling, 'GlobalAveragePool'), {
    channelsLast,
    channels: poolingRule,
  }),
  // condition, x, scale, zero, y, scale, zero, z scale, z zero.
  quantized('QLinearWhere', named(comparison, 'Where'), {
    inputs: [0, 1, 4],
    dtype: typeOfInput(1),
  }),
  // y scale, y zero, then x, scale, zero of each part.
  quantized('QLinearConcat', concat, {
    inputs: partsOfQuantized,
    dtype: typeOfInput(1),
    channels: concatenation(partsOfQuantized),
  }),
  // a, zero, b, zero: 32-bit results.
  quantized('MulInteger', named(arithmetic, 'Mul'), { inputs: [0, 2], dtype: () => 'int32' }),
  quantized('ReduceSumInteger', named(reduce, 'ReduceSum'), { dtype: () => 'int32' }),
];

/** Positions of the values among scales and zero points. */
function partsOfQuantized({ input }: Node): number[] {
  return input.flatMap((_, i) => (i >= 2 && (i - 2) % 3 === 0 ? [i] : []));
}

function quantized(type: string, base: Op, variant: Partial<Variant> = {}): Op {
  return variantOf(base, { inputs: [0], opset, ...variant, type, domain });
}

function named(family: readonly Op[], type: string): Op {
  return family.find((op) => op.type === type)!;
}
