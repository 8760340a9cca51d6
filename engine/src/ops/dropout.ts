/** Dropout: the identity when a model is run, with an optional mask. */

import { samePlace } from './channel-rules/basic';
import type { Op } from './op';
import { like, noCost } from './rules';

export const dropout: Op = {
  type: 'Dropout',
  shape: ({ inputs, opset }) => {
    const mask = like(inputs[0], opset >= 10 ? 'bool' : inputs[0]?.dtype);
    return [inputs[0], mask];
  },
  cost: noCost,
  channels: samePlace,
};
