/** Operators that map each element of one input on its own. */

import type { Dim } from '../ir/dim';
import { multiplyDims } from '../ir/dim';
import { samePlace } from './channel-rules/basic';
import type { Op, ShapeRule } from './op';
import { elementwiseCost, like, noCost, sameAsInput, sameShapeAs } from './rules';

const plain = [
  ...['Relu', 'LeakyRelu', 'ThresholdedRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Swish', 'Mish'],
  ...['Sigmoid', 'HardSigmoid', 'HardSwish', 'Softplus', 'Softsign', 'Tanh', 'Shrink'],
  ...['Exp', 'Log', 'Sqrt', 'Reciprocal', 'Erf', 'Sign'],
  ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
  ...['ParametricSoftplus', 'ScaledTanh', 'Affine', 'ImageScaler', 'BitwiseNot'],
];

const predicates = ['IsNaN', 'IsInf'];

/** Operators that sizes and conditions on them pass through, with what they do to a number. */
const arithmetic: Readonly<Record<string, (value: Dim) => Dim | undefined>> = {
  Neg: (value) => multiplyDims(value, -1),
  Abs: (value) => (typeof value === 'number' ? Math.abs(value) : undefined),
  // Symbolic sizes are integers already.
  Floor: (value) => (typeof value === 'number' ? Math.floor(value) : value),
  Ceil: (value) => (typeof value === 'number' ? Math.ceil(value) : value),
  Not: (value) => (typeof value === 'number' ? Number(value === 0) : undefined),
  Round: (value) => (typeof value === 'number' ? roundHalfToEven(value) : value),
};

export const elementwiseUnary: readonly Op[] = [
  ...plain.map((type): Op => ({
    type,
    shape: sameAsInput,
    cost: elementwiseCost,
    channels: samePlace,
  })),
  ...predicates.map((type): Op => ({
    type,
    shape: sameShapeAs('bool'),
    cost: elementwiseCost,
    channels: samePlace,
  })),
  ...Object.entries(arithmetic).map(([type, apply]): Op => ({
    type,
    shape: mapContent(apply),
    cost: elementwiseCost,
    channels: samePlace,
  })),
  { type: 'Identity', shape: ({ inputs }) => [inputs[0]], cost: noCost, channels: samePlace },
];

function mapContent(apply: (value: Dim) => Dim | undefined): ShapeRule {
  return ({ inputs }) => {
    const mapped = inputs[0]?.content?.map(apply);
    const content = mapped?.every((value) => value !== undefined) ? mapped : undefined;
    return [{ ...like(inputs[0]), content }];
  };
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
