/** BatchNormalization: scale, shift, mean and variance for each channel. */

import { perChannelNormalization } from './channel-rules/normalization';
import type { Op } from './op';
import { elementwiseCost, like } from './rules';

export const batchNormalization: Op = {
  type: 'BatchNormalization',
  // Further outputs, of training only, are statistics of one element a channel.
  shape: ({ node, inputs }) =>
    node.output.map((_, i) => (i === 0 ? like(inputs[0]) : like(inputs[3] ?? inputs[1]))),
  cost: elementwiseCost,
  channels: perChannelNormalization,
};
