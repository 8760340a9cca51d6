/**
 * Least squares with non-negative unknowns: minimizes ‖A·x − b‖² over x ≥ 0 by the active-set method of
 * Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23), on the normal equations with
 * columns of unit length, which is exact enough for the few well-scaled unknowns it is meant for.
 */

import { cholesky, solveCholesky } from './cholesky';

/**
 * @param a `rows` × `columns`, row-major. Not changed.
 * @param b `rows` values.
 * @returns x, `columns` values, none negative; zero for columns that are zero.
 */
export function nonNegativeLeastSquares(
  a: Float64Array,
  b: Float64Array,
  columns: number,
): Float64Array {
  const { gram, right, length } = normalEquations(a, b, columns);
  const x = new Float64Array(columns);
  const passive: number[] = [];
  const useless = new Set<number>();
  const tolerance = 1e-10 * Math.max(1e-300, ...Array.from(right, Math.abs));
  for (let step = 0; step < 3 * columns + 10; step++) {
    const gradient = (j: number): number =>
      right[j] - x.reduce((sum, each, k) => sum + gram[j * columns + k] * each, 0);
    const free = Array.from(x.keys()).filter(
      (j) => length[j] > 0 && !passive.includes(j) && !useless.has(j),
    );
    const steepest = free.sort((i, j) => gradient(j) - gradient(i))[0];
    if (steepest === undefined || gradient(steepest) <= tolerance) break;
    passive.push(steepest);
    if (!settle(x, passive, gram, right, columns)) {
      passive.splice(passive.indexOf(steepest), 1);
      useless.add(steepest);
    }
  }
  return x.map((each, j) => (length[j] > 0 ? each / length[j] : 0));
}

/** Solves for the passive unknowns, and lets go of those that would become negative on the way. */
function settle(
  x: Float64Array,
  passive: number[],
  gram: Float64Array,
  right: Float64Array,
  columns: number,
): boolean {
  while (passive.length > 0) {
    const size = passive.length;
    const part = new Float64Array(size * size);
    passive.forEach((i, row) =>
      passive.forEach((j, column) => (part[row * size + column] = gram[i * columns + j])),
    );
    const factor = cholesky(part, size);
    // A column that the others make up can do nothing for the fit.
    if (!factor) return false;
    const wanted = Float64Array.from(passive, (j) => right[j]);
    const solution = solveCholesky(factor, size, wanted, 1);
    if (solution.every((each) => each > 0)) {
      x.fill(0);
      passive.forEach((j, at) => (x[j] = solution[at]));
      return true;
    }
    const steps = passive.map((j, at) => (solution[at] <= 0 ? x[j] / (x[j] - solution[at]) : 1));
    const share = Math.min(...steps);
    passive.forEach((j, at) => (x[j] += share * (solution[at] - x[j])));
    for (let at = size - 1; at >= 0; at--) {
      if (solution[at] <= 0 && steps[at] <= share) {
        x[passive[at]] = 0;
        passive.splice(at, 1);
      }
    }
  }
  return true;
}

/** AᵀA and Aᵀb of the columns divided by their lengths. */
function normalEquations(a: Float64Array, b: Float64Array, columns: number) {
  const length = new Float64Array(columns);
  a.forEach((each, at) => (length[at % columns] += each * each));
  length.forEach((each, j) => (length[j] = Math.sqrt(each)));
  const gram = new Float64Array(columns * columns);
  const right = new Float64Array(columns);
  const row = new Float64Array(columns);
  for (let i = 0; i < b.length; i++) {
    for (let j = 0; j < columns; j++) {
      row[j] = length[j] > 0 ? a[i * columns + j] / length[j] : 0;
      right[j] += row[j] * b[i];
      for (let k = 0; k <= j; k++) gram[j * columns + k] += row[j] * row[k];
    }
  }
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < j; k++) gram[k * columns + j] = gram[j * columns + k];
  }
  return { gram, right, length };
}
