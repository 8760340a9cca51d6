/** All compression passes. */

import type { Pass } from './pass';
import { prune } from './prune/prune';

export const passes: readonly Pass[] = [prune];
