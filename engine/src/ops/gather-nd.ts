/** Gathering by full or partial coordinates. */

import { intAttribute } from '../ir/attributes';
import type { Op, ShapeRule } from './op';
import { elementwiseCost, like } from './rules';

/** One element of the data for each index: the shape is that of the indices. */
export const gatherElements: Op = {
  type: 'GatherElements',
  shape: ({ inputs }) => [like(inputs[1], inputs[0]?.dtype ?? undefined)],
  cost: elementwiseCost,
};

const gatherNdShape: ShapeRule = ({ node, inputs: [data, indices] }) => {
  const depth = indices?.shape?.at(-1);
  const batch = intAttribute(node, 'batch_dims', 0);
  if (typeof depth !== 'number' || !data?.shape) return [{ dtype: data?.dtype }];
  const rest = data.shape.slice(batch + depth);
  return [{ dtype: data.dtype, shape: [...indices!.shape!.slice(0, -1), ...rest] }];
};

/** The last axis of the indices holds coordinates of the leading axes after `batch_dims`. */
export const gatherNd: Op = { type: 'GatherND', shape: gatherNdShape, cost: elementwiseCost };

export const microsoftGatherNd: Op = { ...gatherNd, domain: 'com.microsoft' };
