/** All calibrators. */

import type { Calibrator } from './calibrator';
import { entropy } from './entropy';
import { minmax } from './minmax';
import { movingAverage } from './moving-average';
import { mse } from './mse';
import { percentile } from './percentile';

export const calibrators: readonly Calibrator[] = [minmax, movingAverage, percentile, entropy, mse];
