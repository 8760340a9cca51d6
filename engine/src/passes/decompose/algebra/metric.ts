/**
 * How the error of a weight counts: E costs tr(E·G·Eᵀ), the energy of what E makes of the patches x
 * behind G = Σ x·xᵀ. Without patches G is the identity, and the cost the squared norm.
 */

import { cholesky } from '../../../linalg/cholesky';
import { innerProduct, matrix, multiply, type Matrix } from '../../../linalg/matrix';
import type { InputMoments } from '../method';

export interface Metric {
  /** G; undefined for the identity. */
  readonly gram?: Matrix;
  /** X·G for X with one error a row. */
  apply(x: Matrix): Matrix;
  /** X·L with G = L·Lᵀ: its singular values are those of X in the metric. */
  whiten(x: Matrix): Matrix;
}

/**
 * What is added to G's diagonal, relative to its mean: directions that no patch shows keep a little
 * weight, so that every system has one solution and the weights there stay near the original's.
 */
const ridge = 1e-6;

export const weightMetric: Metric = { apply: (x) => x, whiten: (x) => x };

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
  return gramMetric(gram, (ridge * trace) / features);
}

/** @param added to the diagonal; `gram` is changed in place. */
export function gramMetric(gram: Matrix, added: number): Metric {
  const features = gram.rows;
  for (let i = 0; i < features; i++) gram.data[i * features + i] += added;
  let factor: Matrix | undefined;
  return {
    gram,
    apply: (x) => multiply(x, gram),
    whiten: (x) => multiply(x, (factor ??= lowerFactor(gram))),
  };
}

/** Squared error of `weights` against `approximation`. */
export function errorIn(metric: Metric, weights: Matrix, approximation: Matrix): number {
  const difference = subtract(weights, approximation);
  return innerProduct(metric.apply(difference), difference);
}

/** Both row-major. */
export function subtract(a: Matrix, b: Matrix): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((value, i) => value - b.data[i]),
  );
}

/** Rounding can make a Gram matrix slightly indefinite: the diagonal grows until it is not. */
function lowerFactor(gram: Matrix): Matrix {
  const size = gram.rows;
  for (let added = 0; ; added = Math.max(10 * added, Number.EPSILON)) {
    const attempt = gram.data.slice();
    for (let i = 0; i < size; i++) attempt[i * size + i] *= 1 + added;
    const factor = cholesky(attempt, size);
    if (factor) return matrix(size, size, factor);
  }
}
