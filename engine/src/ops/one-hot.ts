/** OneHot: a new axis of a given depth, with one element on for each index. */

import { intAttribute } from '../ir/attributes';
import type { Op } from './op';
import { axisOf, elementwiseCost, integersOf } from './rules';

/** Inputs: indices, depth, [off value, on value]. */
export const oneHot: Op = {
  type: 'OneHot',
  shape: (context) => {
    const { node, inputs, fresh } = context;
    const shape = inputs[0]?.shape;
    const dtype = inputs[2]?.dtype;
    const axis = shape && axisOf(intAttribute(node, 'axis', -1), shape.length + 1);
    if (axis === undefined) return [{ dtype }];
    const depth = integersOf(context, 1)?.[0] ?? fresh('depth');
    return [{ dtype, shape: shape!.toSpliced(axis, 0, depth) }];
  },
  cost: elementwiseCost,
};
