/**
 * Eigenvalues and leading eigenvectors of symmetric matrices: to tridiagonal form, divide and conquer
 * there, and back for as many vectors as are wanted.
 */

import { tridiagonalEigen } from './divide-and-conquer';
import { copyOf, matrix, type Matrix } from './matrix';
import { applyReflections, tridiagonalize } from './tridiagonal';
import { tridiagonalQl } from './tridiagonal-ql';

export interface SymmetricEigen {
  /** All of them, descending. */
  readonly values: Float64Array;
  /** The eigenvectors of the largest values, one a row, orthonormal. */
  readonly vectors: Matrix;
}

/**
 * The signs of the vectors are such that the entry of largest magnitude is positive.
 *
 * @param a n × n, symmetric, finite.
 * @param count how many vectors are wanted; all by default.
 */
export function symmetricEigen(a: Matrix, count = a.rows): SymmetricEigen {
  const { scaled, scale } = normalized(a);
  const form = tridiagonalize(scaled);
  const { values, vectors } = tridiagonalEigen(form.diagonal, form.offDiagonal);
  const n = a.rows;
  const leading = matrix(Math.min(count, n), n);
  for (let i = 0; i < leading.rows; i++) {
    leading.data.set(vectors.data.subarray((n - 1 - i) * n, (n - i) * n), i * n);
  }
  applyReflections(form, leading);
  fixSigns(leading);
  return { values: values.reverse().map((value) => value * scale), vectors: leading };
}

/** The eigenvalues alone, descending. */
export function symmetricEigenvalues(a: Matrix): Float64Array {
  const { scaled, scale } = normalized(a);
  const { diagonal, offDiagonal } = tridiagonalize(scaled);
  tridiagonalQl(diagonal, offDiagonal);
  return diagonal
    .sort()
    .reverse()
    .map((value) => value * scale);
}

/** Entries of about one, by a power of two so that nothing is rounded: squares then stay in range. */
function normalized(a: Matrix): { readonly scaled: Matrix; readonly scale: number } {
  const scaled = copyOf(a);
  const largest = scaled.data.reduce((max, entry) => Math.max(max, Math.abs(entry)), 0);
  if (!Number.isFinite(largest)) {
    throw new RangeError('A matrix with entries that are not finite has no eigenvalues.');
  }
  const scale = largest > 0 ? 2 ** Math.floor(Math.log2(largest)) : 1;
  scaled.data.forEach((entry, i) => (scaled.data[i] = entry / scale));
  return { scaled, scale };
}

function fixSigns({ data, rows, columns }: Matrix): void {
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    let largest = 0;
    for (const entry of row) if (Math.abs(entry) > Math.abs(largest)) largest = entry;
    if (largest < 0) for (let k = 0; k < columns; k++) row[k] = -row[k];
  }
}
