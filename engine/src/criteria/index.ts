/** All importance criteria. */

import { activationMagnitude } from './activation-magnitude';
import { apoz } from './apoz';
import { batchnormScale } from './batchnorm-scale';
import type { Criterion, WeightCriterion } from './criterion';
import { contribution } from './contribution';
import { fpgm } from './fpgm';
import { hrank } from './hrank';
import { l1 } from './l1';
import { l2 } from './l2';
import { lamp } from './lamp';
import { lossChange } from './loss-change';
import { nuclearNorm } from './nuclear-norm';
import { nuclearNormJoint } from './nuclear-norm-joint';
import { outputChange } from './output-change';
import { obd } from './obd';
import { random } from './random';
import { taylor } from './taylor';
import { taylorWeights } from './taylor-weights';

export const criteria: readonly Criterion[] = [
  l1,
  l2,
  fpgm,
  lamp,
  batchnormScale,
  nuclearNorm,
  nuclearNormJoint,
  hrank,
  activationMagnitude,
  apoz,
  contribution,
  outputChange,
  lossChange,
  taylor,
  taylorWeights,
  obd,
  random,
];

export const weightCriteria = criteria.filter(
  (criterion): criterion is WeightCriterion => criterion.needs === 'weights',
);
