/**
 * Products of matrices with themselves, in plain typed arrays: the kernel under Gram matrices and
 * the Cholesky factor. Blocked so that a panel of rows stays in the first-level cache and sixteen
 * sums stay in registers.
 */

/** Columns handled at once: eight rows of this many doubles fit in 32 KiB. */
const panel = 512;

/**
 * The Gram matrix of the rows of a matrix: entry (i, j) is the inner product of rows i and j.
 *
 * @param rows `count` × `length`, row-major.
 * @returns `count` × `count`, row-major, symmetric.
 */
export function gram(rows: ArrayLike<number>, count: number, length: number): Float64Array {
  const a = rows instanceof Float64Array ? rows : Float64Array.from(rows);
  const result = new Float64Array(count * count);
  for (let from = 0; from < length; from += panel) {
    const to = Math.min(length, from + panel);
    for (let i = 0; i < count; i += 4) {
      for (let j = 0; j <= i; j += 4) {
        addBlock(result, count, a, length, i, j, count, Math.min(count, i + 4), from, to, 1);
      }
    }
  }
  mirror(result, count);
  return result;
}

/**
 * Adds `sign` times the products of rows i … i+3 with rows j … j+3 over the columns [from, to) to
 * the block at (i, j) of `target`, whose rows are `stride` long. Rows at or past `rowEnd` and
 * columns at or past `columnEnd` of the block are left alone.
 */
export function addBlock(
  target: Float64Array,
  stride: number,
  a: Float64Array,
  length: number,
  i: number,
  j: number,
  rowEnd: number,
  columnEnd: number,
  from: number,
  to: number,
  sign: 1 | -1,
): void {
  if (i + 4 > rowEnd || j + 4 > columnEnd) {
    for (let r = i; r < Math.min(rowEnd, i + 4); r++) {
      for (let c = j; c < Math.min(columnEnd, j + 4); c++) {
        let sum = 0;
        for (let k = from; k < to; k++) sum += a[r * length + k] * a[c * length + k];
        target[r * stride + c] += sign * sum;
      }
    }
    return;
  }
  let s00 = 0,
    s01 = 0,
    s02 = 0,
    s03 = 0;
  let s10 = 0,
    s11 = 0,
    s12 = 0,
    s13 = 0;
  let s20 = 0,
    s21 = 0,
    s22 = 0,
    s23 = 0;
  let s30 = 0,
    s31 = 0,
    s32 = 0,
    s33 = 0;
  let p0 = i * length + from,
    p1 = p0 + length,
    p2 = p1 + length,
    p3 = p2 + length;
  let q0 = j * length + from,
    q1 = q0 + length,
    q2 = q1 + length,
    q3 = q2 + length;
  for (let k = from; k < to; k++) {
    const x0 = a[p0++],
      x1 = a[p1++],
      x2 = a[p2++],
      x3 = a[p3++];
    const y0 = a[q0++],
      y1 = a[q1++],
      y2 = a[q2++],
      y3 = a[q3++];
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  let t = i * stride + j;
  target[t] += sign * s00;
  target[t + 1] += sign * s01;
  target[t + 2] += sign * s02;
  target[t + 3] += sign * s03;
  t += stride;
  target[t] += sign * s10;
  target[t + 1] += sign * s11;
  target[t + 2] += sign * s12;
  target[t + 3] += sign * s13;
  t += stride;
  target[t] += sign * s20;
  target[t + 1] += sign * s21;
  target[t + 2] += sign * s22;
  target[t + 3] += sign * s23;
  t += stride;
  target[t] += sign * s30;
  target[t + 1] += sign * s31;
  target[t + 2] += sign * s32;
  target[t + 3] += sign * s33;
}

/** Copies the lower triangle of a square matrix to the upper one. */
export function mirror(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j];
  }
}
