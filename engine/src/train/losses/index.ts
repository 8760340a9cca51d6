/** The losses that look into model and teacher. Cross-entropy and soft labels read the outputs alone. */

import { attention } from './attention';
import type { FeatureLoss } from './feature-loss';
import { hints } from './hints';
import { overhaul } from './overhaul';
import { relational } from './relational';

export const featureLosses: readonly FeatureLoss[] = [hints, attention, overhaul, relational];
