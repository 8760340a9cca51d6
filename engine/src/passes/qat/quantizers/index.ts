/** All quantizers that can be trained through, the default first. */

import { dorefa } from './dorefa';
import { lsq } from './lsq';
import { pact } from './pact';
import type { Quantizer } from './quantizer';

export const quantizers: readonly Quantizer[] = [lsq, pact, dorefa];
