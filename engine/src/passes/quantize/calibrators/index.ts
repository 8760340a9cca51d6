/** All calibrators. */

import type { Calibrator } from './calibrator';
import { minmax } from './minmax';

export const calibrators: readonly Calibrator[] = [minmax];
