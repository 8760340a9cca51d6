/** All kinds of code lenses. One more kind is one more file and one more line. */

import { recipeLenses } from '../recipe/recipe-lenses';
import type { LensKind } from './lens';
import { linkLenses } from './link-lenses';
import { modelLenses } from './model-lenses';

export const lensKinds: readonly LensKind[] = [recipeLenses, modelLenses, linkLenses];
