/** PRelu: a slope for each channel, broadcast onto the input. */

import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const pRelu: Op = { type: 'PRelu', shape: sameAsInput, cost: elementwiseCost };
