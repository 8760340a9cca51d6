/**
 * Eigenvectors of a symmetric tridiagonal matrix by divide and conquer: torn into two halves whose
 * solutions a rank-one correction joins (Cuppen 1981), with vectors from corrected weights so that
 * they are orthogonal however close the eigenvalues (Gu & Eisenstat 1995).
 */

import { addProduct, columnsOf, matrix, rowsOf, type Matrix } from './matrix';
import { secularRoot } from './secular';
import { tridiagonalQl } from './tridiagonal-ql';

/** Below this size QL is quicker. */
const leaf = 32;

export interface Eigenpairs {
  /** Ascending. */
  readonly values: Float64Array;
  /** One eigenvector a row. */
  readonly vectors: Matrix;
}

/** @param offDiagonal one shorter than `diagonal`. Neither is changed. */
export function tridiagonalEigen(diagonal: Float64Array, offDiagonal: Float64Array): Eigenpairs {
  const n = diagonal.length;
  if (n <= leaf) return solveLeaf(diagonal, offDiagonal);
  const middle = n >> 1;
  const coupling = offDiagonal[middle - 1];
  const torn = diagonal.slice();
  torn[middle - 1] -= Math.abs(coupling);
  torn[middle] -= Math.abs(coupling);
  const upper = tridiagonalEigen(torn.subarray(0, middle), offDiagonal.subarray(0, middle - 1));
  const lower = tridiagonalEigen(torn.subarray(middle), offDiagonal.subarray(middle));
  return join(upper, lower, coupling);
}

function solveLeaf(diagonal: Float64Array, offDiagonal: Float64Array): Eigenpairs {
  const n = diagonal.length;
  const values = diagonal.slice();
  const unit = new Float64Array(n * n);
  for (let i = 0; i < n; i++) unit[i * n + i] = 1;
  tridiagonalQl(values, offDiagonal, unit);
  return sorted(values, matrix(n, n, unit));
}

/** Which half of its entries an eigenvector may have nonzero. */
const [inUpper, inBoth, inLower] = [0, 1, 2];

function join(upper: Eigenpairs, lower: Eigenpairs, coupling: number): Eigenpairs {
  const middle = upper.values.length;
  const n = middle + lower.values.length;
  // T = diag(T₁, T₂) + ρ·z·zᵀ in the basis of the halves' eigenvectors, z of norm one.
  const rho = 2 * Math.abs(coupling);
  const values = new Float64Array(n);
  const z = new Float64Array(n);
  const q = matrix(n, n);
  const halves = new Uint8Array(n);
  const order = byValue(upper.values, lower.values);
  order.forEach((source, i) => {
    const isUpper = source < middle;
    const { vectors, values: from } = isUpper ? upper : lower;
    const row = isUpper ? source : source - middle;
    const width = vectors.columns;
    const vector = vectors.data.subarray(row * width, (row + 1) * width);
    q.data.set(vector, i * n + (isUpper ? 0 : middle));
    values[i] = from[row];
    z[i] = (isUpper ? vector[width - 1] : Math.sign(coupling) * vector[0]) * Math.SQRT1_2;
    halves[i] = isUpper ? inUpper : inLower;
  });
  const kept = deflate(values, z, q, halves, rho);
  if (kept.length > 0) correct(values, z, q, halves, rho, middle, kept);
  return sorted(values, q);
}

function byValue(a: Float64Array, b: Float64Array): number[] {
  const value = (i: number): number => (i < a.length ? a[i] : b[i - a.length]);
  return Array.from({ length: a.length + b.length }, (_, i) => i).sort(
    (i, j) => value(i) - value(j) || i - j,
  );
}

/**
 * Finds the pairs that the correction leaves alone: those with a negligible weight, and, after a
 * rotation, one of every two with almost equal values. Gives the indices of the others, ascending.
 */
function deflate(
  d: Float64Array,
  z: Float64Array,
  q: Matrix,
  halves: Uint8Array,
  rho: number,
): number[] {
  const largest = (a: Float64Array): number => a.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const tolerance = 8 * Number.EPSILON * Math.max(largest(d), largest(z));
  const kept: number[] = [];
  for (let i = 0; i < d.length; i++) {
    if (rho * Math.abs(z[i]) <= tolerance) continue;
    const last = kept.at(-1);
    if (last !== undefined) {
      const norm = Math.hypot(z[i], z[last]);
      const [c, s] = [z[i] / norm, z[last] / norm];
      if (Math.abs((d[i] - d[last]) * c * s) <= tolerance) {
        rotate(q, last, i, c, s);
        if (halves[last] !== halves[i]) halves[last] = halves[i] = inBoth;
        const [low, high] = [d[last], d[i]];
        d[last] = low * c * c + high * s * s;
        d[i] = low * s * s + high * c * c;
        z[last] = 0;
        z[i] = norm;
        kept.pop();
      }
    }
    kept.push(i);
  }
  return kept;
}

/** Rows i and j become c·i − s·j and s·i + c·j. */
function rotate(q: Matrix, i: number, j: number, c: number, s: number): void {
  const { data, columns } = q;
  for (let k = 0, p = i * columns, r = j * columns; k < columns; k++, p++, r++) {
    const [x, y] = [data[p], data[r]];
    data[p] = c * x - s * y;
    data[r] = s * x + c * y;
  }
}

/** Solves the secular equation over the kept pairs and replaces them, values and vectors. */
function correct(
  values: Float64Array,
  z: Float64Array,
  q: Matrix,
  halves: Uint8Array,
  rho: number,
  middle: number,
  kept: readonly number[],
): void {
  const count = kept.length;
  const d = Float64Array.from(kept, (i) => values[i]);
  const weights = Float64Array.from(kept, (i) => z[i]);
  const norm = Math.hypot(...weights);
  const scaledRho = rho * norm * norm;
  weights.forEach((weight, i) => (weights[i] = weight / norm));
  const differences = matrix(count, count);
  const row = (i: number): Float64Array => differences.data.subarray(i * count, (i + 1) * count);
  const roots = d.map((_, i) => secularRoot(d, weights, scaledRho, i, row(i)));
  restoreWeights(d, weights, differences);
  // Vectors whose nonzero entries are in the same half side by side, so that zeros are not multiplied.
  const grouped = kept
    .map((source, i) => ({ source, i, half: halves[source] }))
    .sort((a, b) => a.half - b.half || a.i - b.i);
  const small = matrix(count, count);
  for (let j = 0; j < count; j++) {
    const difference = row(j);
    let sum = 0;
    grouped.forEach(({ i }, at) => {
      const entry = weights[i] / difference[i];
      small.data[j * count + at] = entry;
      sum += entry * entry;
    });
    const scale = 1 / Math.sqrt(sum);
    for (let k = 0; k < count; k++) small.data[j * count + k] *= scale;
  }
  const n = q.columns;
  const old = matrix(count, n);
  grouped.forEach(({ source }, at) => {
    old.data.set(q.data.subarray(source * n, (source + 1) * n), at * n);
  });
  const lowerStart = grouped.filter(({ half }) => half === inUpper).length;
  const upperEnd = grouped.filter(({ half }) => half !== inLower).length;
  const result = matrix(count, n);
  addProduct(
    columnsOf(result, 0, middle),
    columnsOf(small, 0, upperEnd),
    columnsOf(rowsOf(old, 0, upperEnd), 0, middle),
  );
  addProduct(
    columnsOf(result, middle, n),
    columnsOf(small, lowerStart, count),
    columnsOf(rowsOf(old, lowerStart, count), middle, n),
  );
  kept.forEach((target, j) => {
    values[target] = roots[j];
    q.data.set(result.data.subarray(j * n, (j + 1) * n), target * n);
  });
}

/** The weights for which the computed roots are exact: vectors from these are orthogonal. */
function restoreWeights(d: Float64Array, weights: Float64Array, differences: Matrix): void {
  const n = d.length;
  const product = new Float64Array(n).fill(1);
  for (let j = 0; j < n; j++) {
    for (let i = 0, at = j * n; i < n; i++, at++) {
      const difference = differences.data[at];
      product[i] *= i === j ? -difference : difference / (d[i] - d[j]);
    }
  }
  for (let i = 0; i < n; i++) {
    weights[i] = Math.sign(weights[i]) * Math.sqrt(Math.max(0, product[i]));
  }
}

function sorted(values: Float64Array, vectors: Matrix): Eigenpairs {
  const n = values.length;
  const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j] || i - j);
  const result = matrix(n, n);
  order.forEach((source, i) => {
    result.data.set(vectors.data.subarray(source * n, (source + 1) * n), i * n);
  });
  return { values: Float64Array.from(order, (i) => values[i]), vectors: result };
}
