/** The inverse of a small matrix by Gauss-Jordan elimination (Golub & Van Loan, Matrix Computations, 3.2). */

/**
 * @param symmetric positive definite, so that no pivot can vanish; `size` × `size`, row-major. Not changed.
 */
export function invertPositiveDefinite(symmetric: Float64Array, size: number): Float64Array {
  const left = symmetric.slice();
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  for (let i = 0; i < size; i++) {
    const pivot = 1 / left[i * size + i];
    for (let j = i; j < size; j++) left[i * size + j] *= pivot;
    for (let j = 0; j <= i; j++) inverse[i * size + j] *= pivot;
    for (let row = 0; row < size; row++) {
      const factor = left[row * size + i];
      if (row === i || factor === 0) continue;
      for (let j = i; j < size; j++) left[row * size + j] -= factor * left[i * size + j];
      for (let j = 0; j <= i; j++) inverse[row * size + j] -= factor * inverse[i * size + j];
    }
  }
  return inverse;
}
