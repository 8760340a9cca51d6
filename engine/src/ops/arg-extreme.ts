/** ArgMax and ArgMin: where along an axis the extreme lies. */

import { intAttribute } from '../ir/attributes';
import { reduction } from './channel-rules/spatial';
import type { Op } from './op';
import { axisOf, inputCost } from './rules';

export const argExtreme: readonly Op[] = ['ArgMax', 'ArgMin'].map((type) => ({
  type,
  shape: ({ node, inputs: [input] }) => {
    const dtype = 'int64';
    if (!input?.shape) return [{ dtype }];
    const axis = axisOf(intAttribute(node, 'axis', 0), input.shape.length);
    if (axis === undefined) throw new RangeError('its axis lies outside of the rank.');
    const keep = intAttribute(node, 'keepdims', 1) !== 0;
    const shape = input.shape.flatMap((dim, i) => (i !== axis ? [dim] : keep ? [1] : []));
    return [{ dtype, shape }];
  },
  cost: inputCost,
  channels: reduction('choice'),
}));
