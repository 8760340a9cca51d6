/** Comparisons, logic on truth values and Where, with contents: shape code branches on sizes. */

import { lowerBound, subtractDims, type Dim } from '../ir/dim';
import { broadcastType, type ContentRule } from './broadcast';
import { elementwise } from './channel-rules/basic';
import type { Op } from './op';
import { elementwiseCost } from './rules';

const contentRules: Readonly<Record<string, ContentRule>> = {
  Equal: ([a, b]) => truth(order(a, b), (sign) => sign === 0),
  Less: ([a, b]) => truth(order(a, b), (sign) => sign < 0),
  LessOrEqual: ([a, b]) => truth(order(a, b), (sign) => sign <= 0),
  Greater: ([a, b]) => truth(order(a, b), (sign) => sign > 0),
  GreaterOrEqual: ([a, b]) => truth(order(a, b), (sign) => sign >= 0),
  And: ([a, b]) => (typeof a === 'number' && typeof b === 'number' ? a & b : undefined),
  Or: ([a, b]) => (typeof a === 'number' && typeof b === 'number' ? a | b : undefined),
  Xor: ([a, b]) => (typeof a === 'number' && typeof b === 'number' ? a ^ b : undefined),
};

export const comparison: readonly Op[] = [
  ...Object.entries(contentRules).map(([type, rule]): Op => ({
    type,
    shape: (context) => [broadcastType(context, 'bool', rule)],
    cost: elementwiseCost,
    channels: elementwise,
  })),
  {
    type: 'Where',
    shape: (context) => [
      broadcastType(context, context.inputs[1]?.dtype, ([condition, yes, no]) =>
        typeof condition === 'number' ? (condition ? yes : no) : undefined,
      ),
    ],
    cost: elementwiseCost,
    channels: elementwise,
  },
];

/** The sign of a - b, where every admissible size gives the same one. */
function order(a: Dim, b: Dim): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a - b);
  const difference = subtractDims(a, b);
  if (difference === 0) return 0;
  if (lowerBound(difference) > 0) return 1;
  return lowerBound(subtractDims(b, a)) > 0 ? -1 : undefined;
}

function truth(sign: number | undefined, holds: (sign: number) => boolean): Dim | undefined {
  return sign === undefined ? undefined : Number(holds(sign));
}
