/** TopK: the largest or smallest elements of an axis and where they lie. */

import { intAttribute } from '../ir/attributes';
import { along, axisAttribute } from './channel-rules/joining';
import type { Op } from './op';
import { axisOf, inputCost, integersOf, withDim } from './rules';

export const topK: Op = {
  type: 'TopK',
  shape: (context) => {
    const { node, opset, inputs, fresh } = context;
    const [input] = inputs;
    const axis = input?.shape && axisOf(intAttribute(node, 'axis', -1), input.shape.length);
    if (!input?.shape || axis === undefined) return [{ dtype: input?.dtype }, { dtype: 'int64' }];
    const k = opset < 10 ? intAttribute(node, 'k') : integersOf(context, 1)?.[0];
    const shape = withDim(input.shape, axis, k ?? fresh('top'));
    return [
      { dtype: input.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  cost: inputCost,
  channels: along(axisAttribute('axis', -1)),
};
