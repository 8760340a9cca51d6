/** Operators that write into a copy of their first input: the output looks like it. */

import type { Op } from './op';
import { sameAsInput, sizeOf } from './rules';

/** Deprecated name of ScatterElements. */
export const scatter = scatterOp('Scatter', 2);
export const scatterElements = scatterOp('ScatterElements', 2);
export const scatterNd = scatterOp('ScatterND', 2);

/** Writes new keys or values into a cache: cache, update, write positions. */
export const tensorScatter = scatterOp('TensorScatter', 1);

/** A copy, then one write (or reduction) for each element of the updates. */
function scatterOp(type: string, updates: number): Op {
  return {
    type,
    shape: sameAsInput,
    cost: ({ inputs }) => ({ macs: 0, elementwise: sizeOf(inputs[updates]) }),
  };
}
