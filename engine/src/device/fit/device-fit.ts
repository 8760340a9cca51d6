/**
 * The rates of one device from the times of whole models: maximum a posteriori under a log-normal
 * prior. With b = log rates and s = shares of the time (its logarithmic derivatives), a Gauss-Newton
 * step solves
 *
 *     (Σ⁻¹ + Σₘ wₘ sₘ sₘᵀ / σ²) δ = Σₘ wₘ eₘ sₘ / σ² − Σ⁻¹ (b − μ),   eₘ = log measured / estimated
 *
 * and w = (ν + 1) / (ν + e²/σ²) makes errors Student-t, so that one odd measurement does not bend
 * everything (Gelman et al., "Bayesian data analysis", 17). Rates are positive as they are logs.
 */

import { invertPositiveDefinite } from '../../linalg/inverse';
import type { Terms } from './terms';

/** What is known of the log rates of a device before any of its times is. */
export interface Prior {
  readonly mean: Float64Array;
  /** Row-major. */
  readonly covariance: Float64Array;
}

export interface Observation {
  readonly terms: Terms;
  readonly ms: number;
}

/** Degrees of freedom of the errors. */
const freedom = 4;
/** Of the spread of errors before any is seen, and how many observations that weighs. */
const expectedSpread = 0.12;
const expectedWeight = 8;
/** A step changes no rate by more than a factor of two. */
const longestStep = Math.log(2);

export class DeviceFit {
  readonly logRates: Float64Array;
  /** Posterior covariance of the log rates at the last step, row-major. */
  covariance: Float64Array;
  /** Variance of log measured over estimated. */
  variance = expectedSpread ** 2;
  private readonly shares: Float64Array;

  constructor(
    readonly observations: readonly Observation[],
    start: Float64Array,
  ) {
    this.logRates = start.slice();
    this.shares = new Float64Array(start.length);
    this.covariance = new Float64Array(start.length ** 2);
    this.rescale();
  }

  /** Moves all rates together, so that the median error is zero. */
  private rescale(): void {
    const rates = this.logRates.map(Math.exp);
    const errors = this.observations
      .map(({ terms, ms }) => Math.log(ms / terms.time(rates, this.shares)))
      .sort((a, b) => a - b);
    const shift = errors.length > 0 ? errors[errors.length >> 1] : 0;
    for (let i = 0; i < this.logRates.length; i++) this.logRates[i] += shift;
  }

  /**
   * One step from where the fit stands.
   *
   * @param precision Σ⁻¹ of the prior.
   * @param visit is told of each observation before the step: error, weight over variance, and the
   * slopes of the constants, a buffer that is used again.
   */
  step(
    prior: Prior,
    precision: Float64Array,
    slopes?: Float64Array,
    visit?: (error: number, weight: number) => void,
  ): void {
    const { logRates, shares } = this;
    const size = logRates.length;
    const rates = logRates.map(Math.exp);
    const normal = precision.slice();
    const right = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        right[i] -= precision[i * size + j] * (logRates[j] - prior.mean[j]);
      }
    }
    let squares = 0;
    for (const { terms, ms } of this.observations) {
      const error = Math.log(ms / terms.time(rates, shares, slopes));
      const trust = (freedom + 1) / (freedom + error ** 2 / this.variance);
      const weight = trust / this.variance;
      squares += trust * error ** 2;
      for (let i = 0; i < size; i++) {
        if (shares[i] === 0) continue;
        const weighted = weight * shares[i];
        right[i] += weighted * error;
        for (let j = 0; j < size; j++) normal[i * size + j] += weighted * shares[j];
      }
      visit?.(error, weight);
    }
    this.covariance = invertPositiveDefinite(normal, size);
    moveBy(logRates, this.covariance, right);
    this.variance =
      (expectedWeight * expectedSpread ** 2 + squares) /
      (expectedWeight + this.observations.length);
  }
}

/** x + A·b, no entry by more than the longest step. */
export function moveBy(x: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let i = 0; i < x.length; i++) {
    let change = 0;
    for (let j = 0; j < x.length; j++) change += a[i * x.length + j] * b[j];
    x[i] += Math.max(-longestStep, Math.min(longestStep, change));
  }
}

/** The rates that a few times of a device leave most likely. */
export function fitDevice(observations: readonly Observation[], prior: Prior): DeviceFit {
  const precision = invertPositiveDefinite(prior.covariance, prior.mean.length);
  const fit = new DeviceFit(observations, prior.mean);
  for (let i = 0; i < 30; i++) fit.step(prior, precision);
  return fit;
}
