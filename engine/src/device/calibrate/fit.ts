/**
 * From times of kernels to coefficients: for each class a non-negative least-squares fit of relative
 * errors, repeated with less weight on kernels that lie far off, because one disturbed measurement
 * must not bend a class (iteratively reweighted, Huber, Robust Statistics, 1981).
 */

import { nonNegativeLeastSquares } from '../../linalg/nnls';
import { featuresOf, features } from '../cost/features';
import type { Kernel } from '../kernel';
import type { LinearCost } from '../profile';

export interface Sample {
  readonly kernel: Kernel;
  readonly us: number;
}

type ClassCost = LinearCost['classes'][string];

/** Fewer kernels than this say too little for a class of its own. */
const leastSamples = 3;
/** Errors below it count as they are, larger ones only in proportion. */
const huber = 0.1;
/** The clock of the recording counts in microseconds: an error of half of one is nothing. */
const resolution = 0.5;

export function fitClasses(samples: readonly Sample[]): Record<string, ClassCost> {
  const byClass = new Map<string, Sample[]>();
  for (const sample of samples) {
    const list = byClass.get(sample.kernel.class);
    if (list) list.push(sample);
    else byClass.set(sample.kernel.class, [sample]);
  }
  const classes = [...byClass].filter(([, list]) => list.length >= leastSamples);
  return Object.fromEntries(
    classes
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, list]) => [name, fitClass(name, list)]),
  );
}

function fitClass(name: string, samples: readonly Sample[]): ClassCost {
  const names = featuresOf(name);
  const rows = samples.map(({ kernel }) => names.map((each) => features[each](kernel)));
  const scale = samples.map(({ us }) => 1 / (us + resolution));
  let weights = samples.map(() => 1);
  let x: Float64Array = new Float64Array(names.length);
  let errors: number[] = [];
  for (let round = 0; round < 8; round++) {
    const factor = weights.map((weight, i) => Math.sqrt(weight) * scale[i]);
    const a = Float64Array.from(rows.flatMap((row, i) => row.map((each) => each * factor[i])));
    const b = Float64Array.from(samples, ({ us }, i) => us * factor[i]);
    x = nonNegativeLeastSquares(a, b, names.length);
    errors = rows.map((row, i) => {
      const us = row.reduce((sum, each, j) => sum + each * x[j], 0);
      return (us - samples[i].us) * scale[i];
    });
    weights = errors.map((error) => Math.min(1, huber / Math.max(1e-9, Math.abs(error))));
  }
  const used = names.flatMap((each, j) => (x[j] > 0 ? [[each, significant(x[j])]] : []));
  return {
    features: Object.fromEntries(used) as Record<string, number>,
    samples: samples.length,
    medianError: significant(medianOf(errors.map(Math.abs))),
  };
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Figures that carry no more digits than they are worth. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
