/** What a kernel costs by a profile. */

import type { Kernel } from '../kernel';
import type { Profile } from '../profile';
import { linearMs } from './linear';
import { rooflineMs } from './roofline';

export interface Price {
  /** Milliseconds. */
  readonly ms: number;
  /** False where the profile has no figures for the class and another one's are taken. */
  readonly covered: boolean;
}

/** For profiles with a cost for each kernel; a bound has none (`bound.ts`). */
export function priceOf(kernel: Kernel, cost: Exclude<Profile['cost'], { form: 'bound' }>): Price {
  return cost.form === 'linear' ? linearMs(kernel, cost) : rooflineMs(kernel, cost);
}
