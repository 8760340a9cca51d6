/**
 * How the error of a weight counts: E costs tr(E·G·Eᵀ), the energy of what E makes of the patches x
 * behind G = Σ x·xᵀ. Without patches G is the identity, and the cost the squared norm.
 */

import { innerProduct, matrix, multiply, squaredNorm, type Matrix } from '../../../linalg/matrix';
import type { InputMoments } from '../method';

export interface Metric {
  /** G and its ridge; undefined for the identity. */
  readonly gram?: Matrix;
  /** What was added to the diagonal of G. */
  readonly ridge: number;
  /** X·G for X with one error a row. */
  apply(x: Matrix): Matrix;
}

export const weightMetric: Metric = { ridge: 0, apply: (x) => x };

/**
 * The ridge relative to the mean of G's diagonal: directions that no patch shows keep a little
 * weight, more of it the fewer patches there are for the features, so that every system has one
 * solution and the weights there stay near the original's.
 */
const leastRidge = 1e-6;
const ridgePerFeature = 1e-2;

/** The metric of one group; that of the weights where there are no moments or all are zero. */
export function metricOf(
  features: number,
  moments: InputMoments | undefined,
  group: number,
): Metric {
  if (!moments) return weightMetric;
  const gram = matrix(features, features, moments.gram[group].slice());
  let trace = 0;
  for (let i = 0; i < features; i++) trace += gram.data[i * features + i];
  if (!(trace > 0) || !Number.isFinite(trace)) return weightMetric;
  const share = leastRidge + (ridgePerFeature * features) / Math.max(1, moments.count);
  const ridge = (Math.min(1, share) * trace) / features;
  for (let i = 0; i < features; i++) gram.data[i * features + i] += ridge;
  return { gram, ridge, apply: (x) => multiply(x, gram) };
}

/** tr(E·G·Eᵀ) with the ridge, which every step of a fit lowers. */
export function ridgedError(metric: Metric, error: Matrix): number {
  return innerProduct(metric.apply(error), error);
}

/** tr(E·G·Eᵀ) without the ridge: what the patches themselves would see. */
export function seenError(metric: Metric, error: Matrix): number {
  return ridgedError(metric, error) - metric.ridge * squaredNorm(error);
}

/**
 * The mean of G over the innermost axis of its features, for features that are `outer` × inner: how
 * errors along the outer axis count where the inner one is treated alike. Undefined for the identity.
 */
export function marginal({ gram }: Metric, outer: number): Matrix | undefined {
  if (!gram) return undefined;
  const features = gram.rows;
  const inner = features / outer;
  const result = matrix(outer, outer);
  for (let a = 0; a < outer; a++) {
    for (let b = 0; b < outer; b++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += gram.data[(a * inner + k) * features + b * inner + k];
      }
      result.data[a * outer + b] = sum / inner;
    }
  }
  return result;
}

/** Both row-major. */
export function subtract(a: Matrix, b: Matrix): Matrix {
  const difference = a.data.map((value, i) => value - b.data[i]);
  return matrix(a.rows, a.columns, difference);
}
