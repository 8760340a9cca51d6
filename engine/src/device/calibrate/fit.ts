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
/** A coefficient more for so many samples: with fewer it would follow their noise. */
const samplesPerFeature = 6;
/** Errors below it count as they are, larger ones only in proportion. */
const huber = 0.3;
/** The clock of the recording counts in microseconds: an error of half of one is nothing. */
const resolution = 1;

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
  const names = featuresOf(name).slice(
    0,
    Math.max(2, Math.floor(samples.length / samplesPerFeature)),
  );
  const rows = samples.map(({ kernel, us }) => ({
    us,
    row: names.map((each) => features[each](kernel)),
  }));
  const x = robustFit(rows, huber, resolution);
  const errors = rows.map(({ us, row }) => {
    const found = row.reduce((sum, each, j) => sum + each * x[j], 0);
    return Math.abs(found - us) / (us + resolution);
  });
  const used = names.flatMap((each, j) => (x[j] > 0 ? [[each, significant(x[j])]] : []));
  return {
    features: Object.fromEntries(used) as Record<string, number>,
    samples: samples.length,
    medianError: significant(medianOf(errors)),
  };
}

/**
 * Non-negative factors of the columns of `row`, so that their sum comes near `us`.
 *
 * @param knee relative errors above it count only in proportion.
 * @param floor us that are added to each time before errors are taken relative to it.
 */
export function robustFit(
  rows: readonly { readonly us: number; readonly row: readonly number[] }[],
  knee: number,
  floor = 0,
): Float64Array {
  const columns = rows[0]?.row.length ?? 0;
  let weights = rows.map(() => 1);
  let x: Float64Array = new Float64Array(columns);
  for (let round = 0; round < rounds; round++) {
    const factor = rows.map(({ us }, i) => Math.sqrt(weights[i]) / (us + floor));
    const a = Float64Array.from(rows.flatMap(({ row }, i) => row.map((each) => each * factor[i])));
    const b = Float64Array.from(rows, ({ us }, i) => us * factor[i]);
    x = nonNegativeLeastSquares(a, b, columns);
    weights = rows.map(({ us, row }) => {
      const found = row.reduce((sum, each, j) => sum + each * x[j], 0);
      const error = Math.abs(found - us) / (us + floor);
      return error > knee ? knee / error : 1;
    });
  }
  return x;
}

const rounds = 8;

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Figures that carry no more digits than they are worth. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
