/**
 * All rewrites, in the order in which they run: first what makes values constant, then what removes
 * nodes, then what merges them.
 */

import type { Rewrite } from '../rewrite';
import { commonSubexpressions } from './common-subexpressions';
import { constantNodes } from './constant-nodes';
import { deadCode } from './dead-code';
import { foldConstants } from './fold-constants';
import { foldShapes } from './fold-shapes';
import { fuseBatchnorm } from './fuse-batchnorm';
import { fuseIntoNext } from './fuse-into-next';
import { fusePads } from './fuse-pads';
import { fuseScaleShift } from './fuse-scale-shift';
import { gatherSlices } from './gather-slices';
import { hardSigmoid } from './hard-sigmoid';
import { inlineBranches } from './inline-branches';
import { matmulAdd } from './matmul-add';
import { mergeConcats } from './merge-concats';
import { mergeFactors } from './merge-factors';
import { mergeReshapes } from './merge-reshapes';
import { mergeSlices } from './merge-slices';
import { mergeTransposes } from './merge-transposes';
import { neutralOperands } from './neutral-operands';
import { noOps } from './no-ops';
import { reshapeTargets } from './reshape-targets';
import { sharedInitializers } from './shared-initializers';
import { slicesOfConcat } from './slices-of-concat';

export const rewrites: readonly Rewrite[] = [
  deadCode,
  constantNodes,
  sharedInitializers,
  commonSubexpressions,
  foldShapes,
  foldConstants,
  inlineBranches,
  noOps,
  neutralOperands,
  reshapeTargets,
  fusePads,
  fuseBatchnorm,
  fuseScaleShift,
  hardSigmoid,
  mergeFactors,
  fuseIntoNext,
  matmulAdd,
  mergeTransposes,
  mergeReshapes,
  mergeSlices,
  gatherSlices,
  slicesOfConcat,
  mergeConcats,
];
