/** NonMaxSuppression: how many boxes survive only the data decides. */

import type { Op } from './op';
import { inputCost } from './rules';

export const nonMaxSuppression: Op = {
  type: 'NonMaxSuppression',
  shape: ({ fresh }) => [{ dtype: 'int64', shape: [fresh('selected'), 3] }],
  cost: inputCost,
};
