/** All kinds of hints. One more kind is one more file, one more line, and one more setting. */

import type { HintKind } from './hint';
import { modelHints } from './model-hints';

export const hintKinds: readonly HintKind[] = [modelHints];
