/** RotaryEmbedding: rotates pairs of channels of queries or keys by their position. */

import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const rotaryEmbedding: Op = {
  type: 'RotaryEmbedding',
  shape: sameAsInput,
  cost: elementwiseCost,
};

/** The same rotation with the position ids as second input. */
export const microsoftRotaryEmbedding: Op = { ...rotaryEmbedding, domain: 'com.microsoft' };
