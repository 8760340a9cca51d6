/** All methods of rounding beside the nearest code, the usual one first. */

import { adaround } from './adaround';
import { gptq } from './gptq';
import type { RoundingMethod } from './method';

export const roundingMethods: readonly RoundingMethod[] = [gptq, adaround];
