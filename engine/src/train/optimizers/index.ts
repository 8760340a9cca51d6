/** All optimizers. */

import { adam } from './adam';
import { adamw } from './adamw';
import type { Optimizer } from './optimizer';
import { sgd } from './sgd';

export const optimizers: readonly Optimizer[] = [sgd, adam, adamw];
