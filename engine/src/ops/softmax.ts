/** Softmax and its relatives keep shape and type, whatever their axis means in each version. */

import { distribution } from './channel-rules/normalization';
import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const softmax: readonly Op[] = ['Softmax', 'LogSoftmax', 'Hardmax'].map((type) => ({
  type,
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: distribution,
}));
