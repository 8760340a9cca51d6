/** What is done to the first blueprint, in order: corrections that keep the outputs. */

import type { PassContext } from '../pass';
import type { Blueprint } from './blueprint';
import type { Calibration } from './calibrate';
import { corrections } from './correct/stage';
import type { QuantizeOptions } from './options';

/** Gives the blueprint unchanged where the options do not ask for it. */
export type Stage = (
  blueprint: Blueprint,
  options: QuantizeOptions,
  context: Calibration & PassContext,
) => Promise<Blueprint>;

export const stages: readonly Stage[] = [corrections];
