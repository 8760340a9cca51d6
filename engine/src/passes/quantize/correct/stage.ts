/** The corrections as stages of quantization, by its options. */

import type { Stage } from '../stages';
import { correctBiases } from './bias';
import { roundWeights } from './round';
import { roundingMethods } from './rounding/index';

export const rounding: Stage = async (blueprint, { rounding: wanted }, context) => {
  const method = roundingMethods.find(({ id }) => id === wanted);
  return method ? roundWeights(blueprint, () => method, context) : blueprint;
};

export const biasCorrection: Stage = async (blueprint, { correct_bias }, context) =>
  correct_bias === 'empirical' ? correctBiases(blueprint, context) : blueprint;
