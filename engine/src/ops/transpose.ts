/** Transpose: reorders axes; without `perm` it reverses them. */

import { intsAttribute } from '../ir/attributes';
import { permutation } from './channel-rules/moving';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op } from './op';
import { noCost } from './rules';

export const transpose: Op = {
  type: 'Transpose',
  shape: ({ node, inputs: [input] }) => {
    if (!input?.shape) return [{ dtype: input?.dtype }];
    const { dtype } = input;
    const perm = intsAttribute(node, 'perm') ?? [...input.shape.keys()].reverse();
    if (
      perm.length !== input.shape.length ||
      perm.some((axis) => input.shape?.[axis] === undefined)
    ) {
      throw new RangeError(`perm [${perm.join(', ')}] does not order ${input.shape.length} axes.`);
    }
    const shape = perm.map((axis) => input.shape![axis]);
    const dims = concrete(input.shape);
    if (!dims || dims.length < 2) return [{ dtype, shape, content: dims && input.content }];
    const { content } = input;
    const at = (index: readonly number[]) => {
      const source = dims.map(() => 0);
      perm.forEach((axis, i) => (source[axis] = index[i]));
      return content?.[offsetOf(source, dims)];
    };
    return [{ dtype, shape, content: content && contentByIndex(dtype, shape, at) }];
  },
  cost: noCost,
  channels: permutation,
};
