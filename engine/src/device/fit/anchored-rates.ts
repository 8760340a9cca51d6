/** The rates of a device of which a few models were timed, starting from those of others. */

import { fitDevice, type Observation } from './device-fit';

/**
 * @param mean log rates that are most likely without the times.
 * @param covariance how devices differ, row-major.
 * @returns log rates.
 */
export function anchoredRates(
  observations: readonly Observation[],
  mean: Float64Array,
  covariance: Float64Array,
): Float64Array {
  if (observations.length === 0) return mean;
  return fitDevice(observations, { mean, covariance }).logRates;
}
