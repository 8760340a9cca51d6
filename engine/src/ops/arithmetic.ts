/** Elementwise arithmetic with broadcasting; contents are followed, because sizes are computed so. */

import {
  addDims,
  floorDivide,
  lowerBound,
  maxDims,
  minDims,
  moduloDims,
  multiplyDims,
  subtractDims,
  type Dim,
} from '../ir/dim';
import { broadcastType, type ContentRule } from './broadcast';
import { elementwise } from './channel-rules/basic';
import type { Op } from './op';
import { elementwiseCost } from './rules';

const contentRules: Readonly<Record<string, ContentRule>> = {
  Add: ([a, b]) => whole(a, b) && addDims(a, b),
  Sub: ([a, b]) => whole(a, b) && subtractDims(a, b),
  Mul: ([a, b]) => whole(a, b) && multiplyDims(a, b),
  Div: ([a, b], integer) => (b === 0 ? undefined : quotient(a, b, integer)),
  Mod: ([a, b], integer) => (integer && b !== 0 ? moduloDims(a, b) : undefined),
  Pow: ([a, b]) => (typeof a === 'number' && typeof b === 'number' ? a ** b : undefined),
  Min: (values) => (whole(...values) ? values.reduce(minDims) : undefined),
  Max: (values) => (whole(...values) ? values.reduce(maxDims) : undefined),
  Sum: (values) => (whole(...values) ? addDims(...values) : undefined),
};

export const arithmetic: readonly Op[] = [
  ...Object.entries(contentRules).map(([type, rule]): Op => ({
    type,
    shape: (context) => [broadcastType(context, context.inputs[0]?.dtype, rule)],
    cost: elementwiseCost,
    channels: elementwise,
  })),
  ...['Mean', 'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].map((type): Op => ({
    type,
    shape: (context) => [broadcastType(context, context.inputs[0]?.dtype)],
    cost: elementwiseCost,
    channels: elementwise,
  })),
];

/** Numbers combine freely; a symbol combines with integers only. */
function whole(...values: readonly Dim[]): true | undefined {
  const numeric = values.every((value) => typeof value === 'number');
  const integral = values.every((value) => typeof value === 'string' || Number.isInteger(value));
  return numeric || integral ? true : undefined;
}

/** Integers divide towards zero; a float quotient of symbols is followed only where it is exact. */
function quotient(a: Dim, b: Dim, integer: boolean): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return integer ? Math.trunc(a / b) : a / b;
  if (!whole(a, b)) return undefined;
  const rounded = floorDivide(a, b);
  if (integer && lowerBound(a) >= 0 && lowerBound(b) >= 0) return rounded;
  return multiplyDims(rounded, b) === a ? rounded : undefined;
}
