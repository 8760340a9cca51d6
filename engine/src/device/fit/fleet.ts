/**
 * The rates of many devices at once. What they have in common is learned with them: a log-normal
 * prior with a full covariance (devices that are slow at one thing are slow at others), by expectation
 * maximization, and constants that say how sizes lower efficiency, by Gauss-Newton steps over all
 * devices (empirical Bayes; Gelman et al., "Bayesian data analysis", 5).
 */

import { invertPositiveDefinite } from '../../linalg/inverse';
import type { Kernel } from '../kernel';
import { DeviceFit, moveBy, type Prior } from './device-fit';
import { rateCount, Terms, type Layout } from './terms';

/** The times of one device with one way to run models, in milliseconds, by model. */
export type Times = ReadonlyMap<string, number>;

export interface Fleet {
  readonly layout: Layout;
  readonly prior: Prior;
  /** One each of the layout. */
  readonly constants: Float64Array;
  /** In the order of the devices that were given. */
  readonly devices: readonly DeviceFit[];
  readonly terms: ReadonlyMap<string, Terms>;
}

const steps = 20;
/** Added to the variance of each log rate, since devices seldom differ less than by 15 %. */
const leastVariance = 0.02;
/** Runs of one device are no independent evidence on constants: ten of them count as one. */
const independence = 0.1;

/**
 * @param models kernels of every model that occurs in `times`.
 * @param times those of at least one model for each device.
 */
export function fitFleet(
  layout: Layout,
  models: ReadonlyMap<string, readonly Kernel[]>,
  times: readonly Times[],
): Fleet {
  const terms = new Map([...models].map(([name, kernels]) => [name, new Terms(kernels, layout)]));
  const logConstants = Float64Array.from(layout.constants, (name) => Math.log(firstGuess(name)));
  const expected = logConstants.slice();
  const apply = () => {
    const constants = logConstants.map(Math.exp);
    for (const each of terms.values()) each.setConstants(constants);
  };
  apply();
  let prior = firstPrior(layout);
  const devices = times.map((each) => {
    const observations = [...each].map(([model, ms]) => ({ terms: terms.get(model)!, ms }));
    return new DeviceFit(observations, prior.mean);
  });
  const slopes = new Float64Array(layout.constants.length);
  for (let step = 0; step < steps; step++) {
    const precision = invertPositiveDefinite(prior.covariance, prior.mean.length);
    const evidence = new Evidence(slopes);
    // In the beginning rates are far off, and constants would make up for them.
    const settling = step < 3;
    for (const device of devices) {
      if (settling) for (let i = 0; i < 2; i++) device.step(prior, precision);
      device.step(prior, precision, slopes, (error, weight) => evidence.add(error, weight));
    }
    prior = priorOf(devices);
    if (step === 0) continue;
    evidence.improve(logConstants, expected);
    apply();
  }
  return { layout, prior, constants: logConstants.map(Math.exp), devices, terms };
}

/** Sizes at which efficiency is halved; shares by which strides and odd counts slow down. */
function firstGuess(constant: string): number {
  if (constant.endsWith('.map')) return 8;
  if (constant.endsWith('.inChannels')) return 2;
  return constant.endsWith('.outChannels') ? 20 : 0.2;
}

/** Devices differ by some factor in everything, and less in each thing. */
function firstPrior(layout: Layout): Prior {
  const size = rateCount(layout);
  const mean = new Float64Array(size).fill(-3);
  mean.set([-4, -5], layout.classes.length);
  const covariance = new Float64Array(size * size).fill(1);
  for (let i = 0; i < size; i++) covariance[i * size + i] = 1.5;
  return { mean, covariance };
}

/** Mean and covariance of the devices, the uncertainty of each included. */
export function priorOf(devices: readonly DeviceFit[]): Prior {
  const size = devices[0].logRates.length;
  const mean = new Float64Array(size);
  for (const { logRates } of devices) {
    for (let i = 0; i < size; i++) mean[i] += logRates[i] / devices.length;
  }
  const covariance = new Float64Array(size * size);
  for (const device of devices) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const product = (device.logRates[i] - mean[i]) * (device.logRates[j] - mean[j]);
        covariance[i * size + j] += (product + device.covariance[i * size + j]) / devices.length;
      }
    }
  }
  for (let i = 0; i < size; i++) covariance[i * size + i] += leastVariance;
  return { mean, covariance };
}

/** What the errors of all devices say on the constants. */
class Evidence {
  private readonly normal: Float64Array;
  private readonly right: Float64Array;

  constructor(private readonly slopes: Float64Array) {
    this.normal = new Float64Array(slopes.length ** 2);
    this.right = new Float64Array(slopes.length);
  }

  add(error: number, weight: number): void {
    const { slopes, normal, right } = this;
    const size = slopes.length;
    for (let i = 0; i < size; i++) {
      if (slopes[i] === 0) continue;
      const weighted = independence * weight * slopes[i];
      right[i] += weighted * error;
      for (let j = 0; j < size; j++) normal[i * size + j] += weighted * slopes[j];
    }
  }

  /** A step towards what the errors ask for, held by what is expected with a spread of e. */
  improve(logConstants: Float64Array, expected: Float64Array): void {
    const size = logConstants.length;
    for (let i = 0; i < size; i++) {
      this.right[i] -= logConstants[i] - expected[i];
      this.normal[i * size + i] += 1;
    }
    moveBy(logConstants, invertPositiveDefinite(this.normal, size), this.right);
  }
}
