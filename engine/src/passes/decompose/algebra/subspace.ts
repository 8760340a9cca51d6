/** Leading left singular vectors and singular values, through the smaller of A·Aᵀ and Aᵀ·A. */

import { symmetricEigen, symmetricEigenvalues } from '../../../linalg/eigen';
import { gramOf, matrix, multiply, transpose, type Matrix } from '../../../linalg/matrix';
import type { Spectrum } from '../method';

/**
 * Below this share of the largest, a singular value is rounding: weights come in single precision, and
 * the Gram matrix in double keeps what is above.
 */
const negligible = 1e-7;

/** The singular values of A, descending, as many as its smaller side. */
export function singularValues(a: Matrix): Float64Array {
  const gram = gramOf(a.rows <= a.columns ? a : transpose(a));
  return symmetricEigenvalues(gram).map((value) => Math.sqrt(Math.max(0, value)));
}

export function spectrumOf(a: Matrix): Spectrum {
  return { values: singularValues(a), rows: a.rows, columns: a.columns };
}

export interface Subspace {
  /** One left singular vector a row, orthonormal; zero rows beyond the rank of A. */
  readonly vectors: Matrix;
  /** All singular values of A, descending. */
  readonly values: Float64Array;
}

/** The `count` leading left singular vectors of A. */
export function leadingSubspace(a: Matrix, count: number): Subspace {
  const isWide = a.rows <= a.columns;
  const eigen = symmetricEigen(gramOf(isWide ? a : transpose(a)), count);
  const values = eigen.values.map((value) => Math.sqrt(Math.max(0, value)));
  const from = isWide ? eigen.vectors : multiply(eigen.vectors, transpose(a));
  const vectors = matrix(count, a.rows);
  for (let i = 0; i < from.rows && values[i] > negligible * values[0]; i++) {
    const scale = isWide ? 1 : 1 / values[i];
    for (let k = 0; k < a.rows; k++) {
      vectors.data[i * a.rows + k] = scale * from.data[i * a.rows + k];
    }
  }
  return { vectors, values };
}
