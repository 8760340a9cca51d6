/** Normalizations of images that keep shape and type. */

import {
  instanceNormalization,
  localResponse,
  lpNormalization,
  normalizationOver,
} from './channel-rules/normalization';
import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const spatialNormalization: readonly Op[] = Object.entries({
  InstanceNormalization: instanceNormalization,
  LRN: localResponse,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: normalizationOver([0, 2, 3]),
}).map(([type, channels]) => ({ type, shape: sameAsInput, cost: elementwiseCost, channels }));
