/**
 * Corrections of sparse layers: what is zero stays zero. Each output then has its own least squares
 * problem, on the features that its weights may use,
 *
 *   Δ_S = (G_SS + λI)⁻¹ · c_S   for an output of support S,
 *
 * with G the moments of the features and c those of the features with what the output lacks. SparseGPT
 * (Frantar & Alistarh, ICML 2023, arXiv 2301.00774) names this the exact reconstruction, and
 * approximates it for layers too large for it.
 */

import { cholesky, solveCholesky } from '../../linalg/cholesky';
import { featuresOf, type Joint } from './joints';

/** Whether an element of a constant must keep its value. */
export type Fixed = (constant: string, position: number) => boolean;

/** 1 where a weight of the joint may change: groups × outputs × features. */
export function supportOf({ terms, outputs }: Joint, fixed: Fixed): Uint8Array {
  const features = terms.reduce((sum, term) => sum + featuresOf(term), 0);
  const support = new Uint8Array(outputs * features);
  let start = 0;
  for (const term of terms) {
    const { layout, weight } = term.layer;
    const first = term.from * layout.taps;
    const size = featuresOf(term);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < size; i++) {
        support[o * features + start + i] = fixed(weight, layout.at(o, first + i)) ? 0 : 1;
      }
    }
    start += size;
  }
  return support;
}

/**
 * Solves matrix · x = c on the support of each right-hand side; x is zero elsewhere.
 *
 * @param matrix `size` × `size`, symmetric and positive definite.
 * @param right `count` × `size`, row-major, as the support and the result.
 * @returns undefined where the matrix is not positive definite.
 */
export function solveOnSupport(
  matrix: Float64Array,
  size: number,
  right: Float64Array,
  count: number,
  support: Uint8Array,
): Float64Array | undefined {
  const result = new Float64Array(count * size);
  for (let row = 0; row < count; row++) {
    const places: number[] = [];
    for (let i = 0; i < size; i++) if (support[row * size + i] === 1) places.push(i);
    if (places.length === 0) continue;
    const block = new Float64Array(places.length ** 2);
    places.forEach((i, a) => {
      // Only the lower triangle is read.
      for (let b = 0; b <= a; b++) block[a * places.length + b] = matrix[i * size + places[b]];
    });
    const factor = cholesky(block, places.length);
    if (!factor) return undefined;
    const own = Float64Array.from(places, (i) => right[row * size + i]);
    const solved = solveCholesky(factor, places.length, own, 1);
    places.forEach((i, a) => (result[row * size + i] = solved[a]));
  }
  return result;
}
