/**
 * Order-three tensors as matrices. A kernel's block is outputs × channels × taps, row-major; other
 * unfoldings are copies with the axes in another order.
 */

import { matrix, type Matrix } from '../../../linalg/matrix';

/**
 * The middle axis first: from rows × (middle × inner) to middle × (rows × inner). Applied to its own
 * result with the extents exchanged, it gives back the original.
 */
export function middleFirst(a: Matrix, middle: number): Matrix {
  const inner = a.columns / middle;
  const result = matrix(middle, a.rows * inner);
  for (let row = 0; row < a.rows; row++) {
    for (let m = 0; m < middle; m++) {
      const from = row * a.columns + m * inner;
      const to = m * result.columns + row * inner;
      for (let k = 0; k < inner; k++) result.data[to + k] = a.data[from + k];
    }
  }
  return result;
}

/** The same elements as other rows; nothing is copied. */
export function reshape(a: Matrix, rows: number, columns: number): Matrix {
  return matrix(rows, columns, a.data);
}
