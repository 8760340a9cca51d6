/**
 * The Cholesky factor of a symmetric positive definite matrix and the solution of linear systems
 * with it (Golub & Van Loan, Matrix Computations, 4.2), left-looking in blocks, so that nearly all of
 * the work is matrix products.
 */

import { addProduct, columnsOf, matrix, rowsOf, transpose, type Matrix } from './matrix';

const block = 48;

/**
 * Factors A = L·Lᵀ.
 *
 * @param symmetric `size` × `size`, row-major; only the lower triangle is read. Not changed.
 * @returns L, row-major, zero above the diagonal; undefined where A is not positive definite.
 */
export function cholesky(symmetric: Float64Array, size: number): Float64Array | undefined {
  const data = symmetric.slice();
  const l = matrix(size, size, data);
  for (let from = 0; from < size; from += block) {
    const to = Math.min(size, from + block);
    const left = columnsOf(rowsOf(l, from, size), 0, from);
    const panel = columnsOf(rowsOf(l, from, size), from, to);
    addProduct(panel, left, transpose(rowsOf(left, 0, to - from)), -1);
    if (!factorPanel(data, size, from, to)) return undefined;
  }
  for (let i = 0; i < size; i++) data.fill(0, i * size + i + 1, (i + 1) * size);
  return data;
}

/** Finishes the columns [from, to), from which everything to their left is already subtracted. */
function factorPanel(l: Float64Array, size: number, from: number, to: number): boolean {
  for (let i = from; i < size; i++) {
    const row = i * size;
    for (let j = from; j < Math.min(i + 1, to); j++) {
      let sum = l[row + j];
      for (let k = from, at = j * size + from; k < j; k++, at++) sum -= l[row + k] * l[at];
      if (j < i) l[row + j] = sum / l[j * size + j];
      else if (sum > 0 && Number.isFinite(sum)) l[row + j] = Math.sqrt(sum);
      else return false;
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
  const l = matrix(size, size, factor);
  const x = matrix(count, size, right.slice());
  for (let from = 0; from < size; from += block) {
    const to = Math.min(size, from + block);
    const known = columnsOf(rowsOf(l, from, to), 0, from);
    addProduct(columnsOf(x, from, to), columnsOf(x, 0, from), transpose(known), -1);
    forward(factor, size, x, from, to);
  }
  for (let from = Math.floor((size - 1) / block) * block; from >= 0; from -= block) {
    const to = Math.min(size, from + block);
    const known = columnsOf(rowsOf(l, to, size), from, to);
    addProduct(columnsOf(x, from, to), columnsOf(x, to, size), known, -1);
    backward(factor, size, x, from, to);
  }
  return x.data;
}

/** Solves with the block of L on the diagonal, for every row of x. */
function forward(l: Float64Array, size: number, x: Matrix, from: number, to: number): void {
  for (let row = 0; row < x.data.length; row += size) {
    for (let i = from; i < to; i++) {
      let sum = x.data[row + i];
      for (let k = from, at = i * size + from; k < i; k++, at++) sum -= l[at] * x.data[row + k];
      x.data[row + i] = sum / l[i * size + i];
    }
  }
}

/** The same with its transpose; column-oriented, so that L is read along its rows. */
function backward(l: Float64Array, size: number, x: Matrix, from: number, to: number): void {
  for (let row = 0; row < x.data.length; row += size) {
    for (let i = to - 1; i >= from; i--) {
      const value = x.data[row + i] / l[i * size + i];
      x.data[row + i] = value;
      for (let k = from, at = i * size + from; k < i; k++, at++) x.data[row + k] -= value * l[at];
    }
  }
}
