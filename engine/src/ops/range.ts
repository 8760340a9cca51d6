/** Range: start, start + delta, … before limit. */

import { addDims, ceilDivide, maxDims, multiplyDims, subtractDims, type Dim } from '../ir/dim';
import { contentByIndex } from './content';
import type { Op } from './op';
import { integersOf, noCost } from './rules';

export const range: Op = {
  type: 'Range',
  shape: (context) => {
    const dtype = context.inputs[0]?.dtype;
    const [start, limit, delta] = [0, 1, 2].map((input) => integersOf(context, input)?.[0]);
    if (start === undefined || limit === undefined || typeof delta !== 'number') {
      return [{ dtype, shape: [context.fresh('range')] }];
    }
    const shape = [countOf(start, limit, delta)];
    const at = ([i]: readonly number[]) => addDims(start, multiplyDims(delta, i));
    return [{ dtype, shape, content: contentByIndex(dtype, shape, at) }];
  },
  cost: noCost,
};

function countOf(start: Dim, limit: Dim, delta: number): Dim {
  if (delta === 0) throw new RangeError('a step of zero never ends.');
  if (typeof start === 'number' && typeof limit === 'number') {
    return Math.max(0, Math.ceil((limit - start) / delta));
  }
  const span = delta > 0 ? subtractDims(limit, start) : subtractDims(start, limit);
  return maxDims(0, ceilDivide(span, Math.abs(delta)));
}
