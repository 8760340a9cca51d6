/** Normalizations of images that keep shape and type. */

import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const spatialNormalization: readonly Op[] = [
  'InstanceNormalization',
  'LRN',
  'LpNormalization',
  'MeanVarianceNormalization',
].map((type) => ({ type, shape: sameAsInput, cost: elementwiseCost }));
