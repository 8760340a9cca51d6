/** PRelu: a slope for each channel, broadcast onto the input. */

import { elementwise } from './channel-rules/basic';
import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const pRelu: Op = {
  type: 'PRelu',
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: elementwise,
};
