/** MatMul: matrix product with NumPy's rules for vectors and batch axes. */

import type { Dim } from '../ir/dim';
import { broadcastShapes } from './broadcast';
import { matrixProductRule } from './channel-rules/matrix-products';
import type { Op } from './op';
import { sizeOf } from './rules';

/** The shape of `a @ b`; undefined where a rank is unknown. */
export function matrixProduct(
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
): readonly Dim[] | undefined {
  if (!a || !b) return undefined;
  if (a.length === 0 || b.length === 0) throw new RangeError('a scalar has no matrix product.');
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2))!;
  return [
    ...batch,
    ...(a.length === 1 ? [] : [left.at(-2)!]),
    ...(b.length === 1 ? [] : [right.at(-1)!]),
  ];
}

export const matMul: Op = {
  type: 'MatMul',
  shape: ({ inputs: [a, b] }) => [{ dtype: a?.dtype, shape: matrixProduct(a?.shape, b?.shape) }],
  cost: ({ inputs: [a], outputs: [output] }) => ({ macs: sizeOf(output) * (a?.at(-1) ?? 0) }),
  channels: matrixProductRule({ a: 0, b: 1 }),
};
