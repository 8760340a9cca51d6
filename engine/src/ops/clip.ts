/** Clip: bounds as attributes before version 11, as optional inputs since. */

import { maxDims, minDims } from '../ir/dim';
import { samePlace } from './channel-rules/basic';
import type { Op } from './op';
import { elementwiseCost, like } from './rules';

export const clip: Op = {
  type: 'Clip',
  shape: ({ inputs }) => {
    const [input, min, max] = inputs;
    if (!input?.content || (min && !min.content) || (max && !max.content)) return [like(input)];
    const content = input.content.map((value) => {
      const raised = min?.content ? maxDims(value, min.content[0]) : value;
      return max?.content ? minDims(raised, max.content[0]) : raised;
    });
    return [{ ...like(input), content }];
  },
  cost: elementwiseCost,
  channels: samePlace,
};
