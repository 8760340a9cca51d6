/**
 * The Cholesky factor of a symmetric positive definite matrix and the solution of linear systems
 * with it (Golub & Van Loan, Matrix Computations, 4.2), left-looking in blocks of four columns.
 */

import { addBlock } from './product';

const width = 4;

/**
 * Factors A = L·Lᵀ.
 *
 * @param matrix `size` × `size`, row-major; only the lower triangle is read. Not changed.
 * @returns L, row-major, zero above the diagonal; undefined where A is not positive definite.
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const l = matrix.slice();
  for (let column = 0; column < size; column += width) {
    const end = Math.min(size, column + width);
    for (let row = column; row < size; row += width) {
      addBlock(l, size, l, size, row, column, size, end, 0, column, -1);
    }
    if (!factorPanel(l, size, column, end)) return undefined;
  }
  for (let i = 0; i < size; i++) l.fill(0, i * size + i + 1, (i + 1) * size);
  return l;
}

/** Finishes the columns [column, end), from which everything to their left is already subtracted. */
function factorPanel(l: Float64Array, size: number, column: number, end: number): boolean {
  for (let j = column; j < end; j++) {
    let pivot = l[j * size + j];
    for (let k = column; k < j; k++) pivot -= l[j * size + k] ** 2;
    if (!(pivot > 0) || !Number.isFinite(pivot)) return false;
    const root = Math.sqrt(pivot);
    l[j * size + j] = root;
    for (let i = j + 1; i < size; i++) {
      let sum = l[i * size + j];
      for (let k = column; k < j; k++) sum -= l[i * size + k] * l[j * size + k];
      l[i * size + j] = sum / root;
    }
  }
  return true;
}

/**
 * Solves A·x = b for several right-hand sides, given the factor of A.
 *
 * @param factor L of `cholesky`.
 * @param right one right-hand side a row: `count` × `size`, row-major. Not changed.
 * @returns one solution a row, in the same layout.
 */
export function solveCholesky(
  factor: Float64Array,
  size: number,
  right: Float64Array,
  count: number,
): Float64Array {
  const x = right.slice();
  for (let row = 0; row < count; row++) {
    const solution = x.subarray(row * size, (row + 1) * size);
    forward(factor, size, solution);
    backward(factor, size, solution);
  }
  return x;
}

function forward(l: Float64Array, size: number, x: Float64Array): void {
  for (let i = 0; i < size; i++) {
    let sum = x[i];
    for (let k = 0, at = i * size; k < i; k++, at++) sum -= l[at] * x[k];
    x[i] = sum / l[i * size + i];
  }
}

/** Column-oriented, so that L is read along its rows. */
function backward(l: Float64Array, size: number, x: Float64Array): void {
  for (let i = size - 1; i >= 0; i--) {
    const value = x[i] / l[i * size + i];
    x[i] = value;
    for (let k = 0, at = i * size; k < i; k++, at++) x[k] -= value * l[at];
  }
}
