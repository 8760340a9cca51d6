/** Expand: broadcasts a value to a computed shape, in both directions. */

import { broadcastShapes } from './broadcast';
import { expansion } from './channel-rules/extending';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op } from './op';
import { integersOf, noCost } from './rules';

export const expand: Op = {
  type: 'Expand',
  shape: (context) => {
    const [input, target] = context.inputs;
    const dtype = input?.dtype;
    const wanted = integersOf(context, 1);
    if (!input?.shape || !wanted) {
      const rank = Math.max(input?.shape?.length ?? 0, Number(target?.shape?.[0] ?? NaN));
      const known = input?.shape && rank <= 64;
      return [
        {
          dtype,
          shape: known ? Array.from({ length: rank }, () => context.fresh('expand')) : undefined,
        },
      ];
    }
    const shape = broadcastShapes(input.shape, wanted);
    const dims = concrete(input.shape);
    const content =
      dims && concrete(shape) && input.content
        ? contentByIndex(dtype, shape, (index) => input.content![offsetOf(index, dims)])
        : undefined;
    return [{ dtype, shape, content }];
  },
  cost: noCost,
  channels: expansion,
};
