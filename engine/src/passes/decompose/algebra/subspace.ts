/**
 * Leading left singular vectors and singular values, of a matrix or of A·L where G = L·Lᵀ is the
 * metric of its rows, through the smaller of A·G·Aᵀ and Lᵀ·Aᵀ·A·L. Weights come in single precision,
 * so that a Gram matrix in double keeps every singular value that they determine.
 */

import { symmetricEigen, symmetricEigenvalues } from '../../../linalg/eigen';
import { addGram, gramOf, matrix, multiply, transpose, type Matrix } from '../../../linalg/matrix';
import type { Spectrum } from '../method';
import { safeFactor } from './least-squares';
import { weightMetric, type Metric } from './metric';

/** Below this share of the largest, a singular value is rounding. */
const negligible = 1e-7;

/** The singular values of A in the metric, descending, as many as its smaller side. */
export function spectrumOf(a: Matrix, metric: Metric = weightMetric): Spectrum {
  const gram = a.rows <= a.columns ? outerGram(a, metric) : gramOf(transpose(whiten(a, metric)));
  return { values: roots(symmetricEigenvalues(gram)), rows: a.rows, columns: a.columns };
}

export interface Subspace {
  /** One left singular vector a row, orthonormal; zero rows beyond the rank of A. */
  readonly vectors: Matrix;
  /** All singular values of A, descending. */
  readonly values: Float64Array;
}

/** The `count` leading left singular vectors of A in the metric. */
export function leadingSubspace(a: Matrix, count: number, metric: Metric = weightMetric): Subspace {
  const vectors = matrix(count, a.rows);
  const isWide = a.rows <= a.columns;
  const whitened = isWide ? undefined : whiten(a, metric);
  const gram = whitened ? gramOf(transpose(whitened)) : outerGram(a, metric);
  const eigen = symmetricEigen(gram, count);
  const values = roots(eigen.values);
  const from = whitened ? multiply(eigen.vectors, transpose(whitened)) : eigen.vectors;
  for (let i = 0; i < from.rows && values[i] > 0; i++) {
    const scale = isWide ? 1 : 1 / values[i];
    for (let k = 0; k < a.rows; k++) {
      vectors.data[i * a.rows + k] = scale * from.data[i * a.rows + k];
    }
  }
  return { vectors, values };
}

/** The singular values of Lᵀ·A where L·Lᵀ is the metric of A's columns; those of A without one. */
export function columnSpectrum(a: Matrix, gram: Matrix | undefined): Spectrum {
  return spectrumOf(gram ? multiply(transpose(safeFactor(gram)), a) : a);
}

/** A·G·Aᵀ. */
function outerGram(a: Matrix, metric: Metric): Matrix {
  if (!metric.gram) return gramOf(a);
  const result = matrix(a.rows, a.rows);
  addGram(result, metric.apply(a), a);
  return result;
}

/** A·L. */
function whiten(a: Matrix, { gram }: Metric): Matrix {
  return gram ? multiply(a, safeFactor(gram)) : a;
}

/** Singular values; those that are rounding are zero. */
function roots(eigenvalues: Float64Array): Float64Array {
  const values = eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  return values.map((value) => (value > negligible * values[0] ? value : 0));
}
