/** Flatten: to a matrix, split before `axis`. */

import { intAttribute } from '../ir/attributes';
import { multiplyDims } from '../ir/dim';
import { reshaping } from './channel-rules/reshaping';
import type { Op } from './op';
import { noCost } from './rules';

export const flatten: Op = {
  type: 'Flatten',
  shape: ({ node, inputs: [input] }) => {
    if (!input?.shape) return [{ dtype: input?.dtype }];
    const { shape } = input;
    const given = intAttribute(node, 'axis', 1);
    const axis = given < 0 ? given + shape.length : given;
    const [rows, columns] = [shape.slice(0, axis), shape.slice(axis)];
    return [
      {
        dtype: input.dtype,
        shape: [multiplyDims(...rows), multiplyDims(...columns)],
        content: input.content,
      },
    ];
  },
  cost: noCost,
  channels: reshaping,
};
