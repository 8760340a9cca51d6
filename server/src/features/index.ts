/** All features. One more is one more file and one more line. */

import type { Feature } from './feature';
import { inlayHints } from './inlay-hints';

export const features: readonly Feature[] = [inlayHints];
