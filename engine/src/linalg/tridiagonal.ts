/**
 * Symmetric matrices to tridiagonal form, A = Q·T·Qᵀ, by Householder reflections in panels, so that
 * half of the work is matrix products (Dongarra, Sorensen & Hammarling, "Block reduction of matrices
 * to condensed forms", 1989).
 */

import {
  addGram,
  addProduct,
  columnsOf,
  copyOf,
  matrix,
  multiply,
  rowsOf,
  transpose,
  type Matrix,
} from './matrix';

/** Reflections that are applied together. */
const panel = 32;

export interface Tridiagonal {
  /** The `n` entries of the diagonal. */
  readonly diagonal: Float64Array;
  /** The `n` − 1 entries beside it. */
  readonly offDiagonal: Float64Array;
  /** Row i is the vector v of the reflection I − τ·v·vᵀ; zero up to and including column i. */
  readonly reflectors: Matrix;
  /** τ of each reflection. */
  readonly scales: Float64Array;
}

/** @param symmetric n × n; not changed. */
export function tridiagonalize(symmetric: Matrix): Tridiagonal {
  const n = symmetric.rows;
  const a = copyOf(symmetric);
  const reflectors = matrix(Math.max(0, n - 1), n);
  const scales = new Float64Array(Math.max(0, n - 1));
  const offDiagonal = new Float64Array(Math.max(0, n - 1));
  for (let start = 0; start < n - 1; start += panel) {
    const end = Math.min(n - 1, start + panel);
    const v = rowsOf(reflectors, start, end);
    const w = matrix(end - start, n);
    for (let i = start; i < end; i++) {
      updateRow(a.data, n, i, v.data.subarray(start * n, i * n), w.data, i - start);
      const x = reflectors.data.subarray(i * n, (i + 1) * n);
      x.set(a.data.subarray(i * n + i + 1, (i + 1) * n), i + 1);
      [offDiagonal[i], scales[i]] = reflect(x, i + 1);
      const y = w.data.subarray((i - start) * n, (i - start + 1) * n);
      conjugate(a.data, n, i, x, scales[i], v.data.subarray(start * n, i * n), w.data, y);
    }
    // What is left of A loses Vᵀ·W + Wᵀ·V, both at once as one symmetric product.
    const left = columnsOf(stack(v, w), end, n);
    const right = columnsOf(stack(w, v), end, n);
    addGram(columnsOf(rowsOf(a, end, n), end, n), transpose(left), transpose(right), -1);
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a.data[i * n + i]);
  return { diagonal, offDiagonal, reflectors, scales };
}

/**
 * Eigenvectors of A from those of T.
 *
 * @param vectors one a row; changed in place to vectors of A.
 */
export function applyReflections({ reflectors, scales }: Tridiagonal, vectors: Matrix): void {
  const count = reflectors.rows;
  for (let start = Math.floor((count - 1) / panel) * panel; start >= 0; start -= panel) {
    const end = Math.min(count, start + panel);
    const v = columnsOf(rowsOf(reflectors, start, end), start + 1, reflectors.columns);
    const target = columnsOf(vectors, start + 1, vectors.columns);
    const projected = multiply(target, transpose(v));
    addProduct(target, multiply(projected, transpose(blockFactor(v, scales, start))), v, -1);
  }
}

/** T of H₁·H₂⋯ = I − Vᵀ·T·V for vectors in rows (the compact WY form). */
function blockFactor(v: Matrix, scales: Float64Array, start: number): Matrix {
  const inner = multiply(v, transpose(v)).data;
  const size = v.rows;
  const t = matrix(size, size);
  for (let j = 0; j < size; j++) {
    const scale = scales[start + j];
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += t.data[i * size + k] * inner[k * size + j];
      t.data[i * size + j] = -scale * sum;
    }
    t.data[j * size + j] = scale;
  }
  return t;
}

/** Brings row i up to date with the reflections of the panel that precede it. */
function updateRow(
  a: Float64Array,
  n: number,
  i: number,
  v: Float64Array,
  w: Float64Array,
  count: number,
): void {
  for (let p = 0; p < count; p++) {
    const [vi, wi] = [v[p * n + i], w[p * n + i]];
    for (let k = i, at = p * n + i, to = i * n + i; k < n; k++, at++, to++) {
      a[to] -= vi * w[at] + wi * v[at];
    }
  }
}

/**
 * Turns x, from `from` on, into the vector of a reflection that maps x to a multiple of the first
 * unit vector; gives that multiple and τ.
 */
function reflect(x: Float64Array, from: number): [number, number] {
  let largest = 0;
  for (let i = from; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]));
  let tail = 0;
  for (let i = from + 1; i < x.length; i++) tail += (x[i] / largest) ** 2;
  const head = x[from];
  if (!(tail > 0)) {
    x.fill(0, from);
    x[from] = 1;
    return [head, 0];
  }
  const norm = largest * Math.sqrt((head / largest) ** 2 + tail);
  const image = head > 0 ? -norm : norm;
  for (let i = from + 1; i < x.length; i++) x[i] /= head - image;
  x[from] = 1;
  return [image, (image - head) / image];
}

/** y = τ·(A·x − …) − ½τ·(yᵀx)·x for the trailing A, which the panel has not yet changed. */
function conjugate(
  a: Float64Array,
  n: number,
  i: number,
  x: Float64Array,
  scale: number,
  v: Float64Array,
  w: Float64Array,
  y: Float64Array,
): void {
  multiplyVector(a, n, i + 1, x, y);
  for (let p = 0; p * n < v.length; p++) {
    const row = p * n;
    let [vx, wx] = [0, 0];
    for (let k = i + 1; k < n; k++) {
      vx += v[row + k] * x[k];
      wx += w[row + k] * x[k];
    }
    for (let k = i + 1; k < n; k++) y[k] -= v[row + k] * wx + w[row + k] * vx;
  }
  let product = 0;
  for (let k = i + 1; k < n; k++) {
    y[k] *= scale;
    product += y[k] * x[k];
  }
  const half = -0.5 * scale * product;
  for (let k = i + 1; k < n; k++) y[k] += half * x[k];
}

/** y = A·x over rows and columns from `from` on. */
function multiplyVector(
  a: Float64Array,
  n: number,
  from: number,
  x: Float64Array,
  y: Float64Array,
): void {
  let i = from;
  for (; i + 4 <= n; i += 4) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    let p0 = i * n + from;
    let p1 = p0 + n;
    let p2 = p1 + n;
    let p3 = p2 + n;
    for (let k = from; k < n; k++) {
      const value = x[k];
      s0 += a[p0++] * value;
      s1 += a[p1++] * value;
      s2 += a[p2++] * value;
      s3 += a[p3++] * value;
    }
    y[i] = s0;
    y[i + 1] = s1;
    y[i + 2] = s2;
    y[i + 3] = s3;
  }
  for (; i < n; i++) {
    let sum = 0;
    for (let k = from, at = i * n + from; k < n; k++, at++) sum += a[at] * x[k];
    y[i] = sum;
  }
}

function stack(top: Matrix, bottom: Matrix): Matrix {
  const result = matrix(top.rows + bottom.rows, top.columns);
  const flat = (a: Matrix): Float64Array =>
    a.data.subarray(a.offset, a.offset + a.rows * a.columns);
  result.data.set(flat(top));
  result.data.set(flat(bottom), top.rows * top.columns);
  return result;
}
