/** All rewrites, in the order in which they run. */

import type { Rewrite } from '../rewrite';
import { constantNodes } from './constant-nodes';
import { deadCode } from './dead-code';
import { foldConstants } from './fold-constants';
import { foldShapes } from './fold-shapes';
import { fuseBatchnorm } from './fuse-batchnorm';
import { fuseScaleShift } from './fuse-scale-shift';
import { noOps } from './no-ops';
import { reshapeTargets } from './reshape-targets';

export const rewrites: readonly Rewrite[] = [
  deadCode,
  constantNodes,
  foldShapes,
  foldConstants,
  noOps,
  reshapeTargets,
  fuseBatchnorm,
  fuseScaleShift,
];
