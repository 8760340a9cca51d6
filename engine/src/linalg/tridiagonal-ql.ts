/**
 * Eigenvalues, and for small matrices eigenvectors, of a symmetric tridiagonal matrix by implicit QL
 * (Golub & Van Loan, Matrix Computations, 8.3, with Wilkinson's shift, from the lower end).
 */

/**
 * @param diagonal becomes the eigenvalues, in no order.
 * @param offDiagonal destroyed.
 * @param vectors row-major with one row for each row of the matrix, rotated alongside: rows of the
 *   unit matrix become the eigenvectors, one a row. None for the values alone.
 */
export function tridiagonalQl(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  vectors?: Float64Array,
): void {
  const n = diagonal.length;
  const d = diagonal;
  const e = new Float64Array(n);
  e.set(offDiagonal);
  const tolerance = negligible(d, e);
  const width = vectors ? vectors.length / n : 0;
  for (let low = 0; low < n; low++) {
    for (let round = 0; ; round++) {
      let end = low;
      while (end < n - 1 && Math.abs(e[end]) > tolerance) end++;
      if (end === low) break;
      if (round > 60)
        throw new RangeError('The eigenvalues of a tridiagonal matrix do not settle.');
      let g = (d[low + 1] - d[low]) / (2 * e[low]);
      let r = Math.hypot(g, 1);
      g = d[end] - d[low] + e[low] / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = end - 1;
      for (; i >= low; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[end] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (vectors) rotateRows(vectors, width, i, s, c);
      }
      if (i >= low) continue;
      d[low] -= p;
      e[low] = g;
      e[end] = 0;
    }
  }
}

/**
 * Entries beside the diagonal up to this size count as zero. Relative to the whole matrix, since the
 * rounding errors of every step are: a block of tiny entries would otherwise never settle.
 */
function negligible(d: Float64Array, e: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < d.length; i++) largest = Math.max(largest, Math.abs(d[i]), Math.abs(e[i]));
  return Number.EPSILON * largest;
}

function rotateRows(vectors: Float64Array, width: number, row: number, s: number, c: number): void {
  for (let k = 0, at = row * width; k < width; k++, at++) {
    const below = vectors[at + width];
    vectors[at + width] = s * vectors[at] + c * below;
    vectors[at] = c * vectors[at] - s * below;
  }
}
