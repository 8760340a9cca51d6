/** All augmentations, in the order in which they are applied. */

import type { Augmentation } from './augmentation';
import { brightness, contrast, saturation } from './colour';
import { cutout } from './cutout';
import { mirror } from './mirror';
import { mixup } from './mixup';
import { shift } from './shift';
import { zoom } from './zoom';

export const augmentations: readonly Augmentation[] = [
  zoom,
  mirror,
  shift,
  brightness,
  contrast,
  saturation,
  cutout,
  mixup,
];
