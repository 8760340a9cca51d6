/**
 * Singular values of very many small matrices, such as feature maps: the square roots of the
 * eigenvalues of the smaller Gram matrix, which Householder reflections bring to tridiagonal form and
 * implicit QL steps with Wilkinson's shift to diagonal form (Golub & Van Loan, Matrix Computations,
 * 8.3). Everything in double precision, so that a singular value is exact to about 1e-8 of the
 * largest one; nothing is allocated for a matrix that is not larger than those before it.
 */

import { addBlock } from './product';

export class SmallSingularValues {
  private rows = new Float64Array(0);
  private gram = new Float64Array(0);
  private diagonal = new Float64Array(0);
  private beside = new Float64Array(0);

  /**
   * @param matrix row-major, from index `from` on.
   * @returns the singular values in no order, without zeros that rows or columns of zeros bring; a
   *   view that is valid until the next call.
   */
  of(matrix: ArrayLike<number>, from: number, rows: number, columns: number): Float64Array {
    const length = Math.max(rows, columns);
    const n = this.load(matrix, from, rows, columns);
    this.multiply(n, length);
    const values = this.eigenvalues(n);
    for (let i = 0; i < n; i++) values[i] = Math.sqrt(Math.max(0, values[i]));
    return values;
  }

  /**
   * The eigenvalues of a symmetric matrix, in no order; a view that is valid until the next call.
   *
   * @param symmetric `n` × `n`, row-major; only the lower triangle is read.
   */
  ofSymmetric(symmetric: Float64Array, n: number): Float64Array {
    this.reserve(n, 0);
    this.gram.set(symmetric);
    return this.eigenvalues(n);
  }

  /** Copies the matrix so that its shorter side counts rows; rows of zeros are left out. */
  private load(matrix: ArrayLike<number>, from: number, rows: number, columns: number): number {
    const isWide = rows <= columns;
    const [count, length] = isWide ? [rows, columns] : [columns, rows];
    const [rowStep, step] = isWide ? [columns, 1] : [1, columns];
    this.reserve(count, length);
    const target = this.rows;
    let n = 0;
    for (let i = 0; i < count; i++) {
      let any = 0;
      const to = n * length;
      for (let k = 0, at = from + i * rowStep; k < length; k++, at += step) {
        const value = matrix[at];
        target[to + k] = value;
        if (value !== 0) any = 1;
      }
      n += any;
    }
    return n;
  }

  private reserve(n: number, length: number): void {
    if (this.rows.length < n * length) this.rows = new Float64Array(n * length);
    if (this.gram.length < n * n) this.gram = new Float64Array(n * n);
    if (this.diagonal.length < n) {
      this.diagonal = new Float64Array(n);
      this.beside = new Float64Array(n);
    }
  }

  private multiply(n: number, length: number): void {
    const { gram, rows } = this;
    gram.fill(0, 0, n * n);
    for (let i = 0; i < n; i += 4) {
      for (let j = 0; j <= i; j += 4) {
        addBlock(gram, n, rows, length, i, j, n, Math.min(n, i + 4), 0, length, 1);
      }
    }
  }

  private eigenvalues(n: number): Float64Array {
    const { gram, diagonal, beside } = this;
    tridiagonalize(gram, n, diagonal, beside);
    diagonalize(diagonal, beside, n);
    return diagonal.subarray(0, n);
  }
}

/** Reduces the lower triangle of `a`, which is overwritten; `beside[i]` lies between i and i + 1. */
function tridiagonalize(
  a: Float64Array,
  n: number,
  diagonal: Float64Array,
  beside: Float64Array,
): void {
  for (let i = n - 1; i > 0; i--) {
    // The reflection's vector v is stored where the row that it clears was.
    const v = i * n;
    const last = v + i - 1;
    let square = 0;
    for (let k = v; k < last; k++) square += a[k] * a[k];
    diagonal[i] = a[v + i];
    const head = a[last];
    if (square === 0) {
      beside[i - 1] = head;
      continue;
    }
    const norm = Math.sqrt(square + head * head);
    const image = head > 0 ? -norm : norm;
    beside[i - 1] = image;
    a[last] = head - image;
    reflect(a, n, i, v, image * (image - head), diagonal);
  }
  if (n > 0) diagonal[0] = a[0];
}

/** A ← H·A·H for H = I − v·vᵀ/half on the leading `size` rows; `p` has room for A·v there. */
function reflect(
  a: Float64Array,
  n: number,
  size: number,
  v: number,
  half: number,
  p: Float64Array,
): void {
  p.fill(0, 0, size);
  for (let j = 0; j < size; j++) {
    const row = j * n;
    const vj = a[v + j];
    let sum = a[row + j] * vj;
    for (let k = 0; k < j; k++) {
      const each = a[row + k];
      sum += each * a[v + k];
      p[k] += each * vj;
    }
    p[j] += sum;
  }
  let product = 0;
  for (let k = 0; k < size; k++) {
    p[k] /= half;
    product += p[k] * a[v + k];
  }
  const share = product / (2 * half);
  for (let k = 0; k < size; k++) p[k] -= share * a[v + k];
  for (let j = 0; j < size; j++) {
    const row = j * n;
    const vj = a[v + j];
    const pj = p[j];
    for (let k = 0; k <= j; k++) a[row + k] -= vj * p[k] + pj * a[v + k];
  }
}

/** More steps than any eigenvalue of a finite matrix has been seen to need. */
const mostSteps = 60;

/** Eigenvalues of a symmetric tridiagonal matrix in place of its diagonal. */
function diagonalize(d: Float64Array, e: Float64Array, n: number): void {
  if (n > 0) e[n - 1] = 0;
  for (let first = 0; first < n; first++) {
    for (let step = 0; step < mostSteps; step++) {
      let last = first;
      while (last < n - 1) {
        const scale = Math.abs(d[last]) + Math.abs(d[last + 1]);
        if (Math.abs(e[last]) <= Number.EPSILON * scale) break;
        last++;
      }
      if (last === first) break;
      qlStep(d, e, first, last);
    }
  }
}

/** Chases the bulge from `last` up to `first`. */
function qlStep(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const half = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.sqrt(half * half + 1);
  const shift = d[first] - e[first] / (half + (half >= 0 ? root : -root));
  let [cosine, sine, moved] = [1, 1, 0];
  let bulge = d[last] - shift;
  for (let i = last - 1; i >= first; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.sqrt(f * f + bulge * bulge);
    e[i + 1] = r;
    if (r === 0) {
      // The matrix falls apart here: the next step works on a smaller part.
      d[i + 1] -= moved;
      e[last] = 0;
      return;
    }
    sine = f / r;
    cosine = bulge / r;
    const g = d[i + 1] - moved;
    const t = (d[i] - g) * sine + 2 * cosine * b;
    moved = sine * t;
    d[i + 1] = g + moved;
    bulge = cosine * t - b;
  }
  d[first] -= moved;
  e[first] = bulge;
  e[last] = 0;
}
