/**
 * Linear least squares in a metric: directly where the normal equations are small, by preconditioned
 * conjugate gradients (Hestenes & Stiefel 1952) where they are known only as a map. Every iteration
 * of the latter lowers the error, so it may stop at any time.
 */

import { cholesky, solveCholesky } from '../../../linalg/cholesky';
import {
  copyOf,
  identity,
  innerProduct,
  matrix,
  multiply,
  type Matrix,
} from '../../../linalg/matrix';
import { marginal, subtract, type Metric } from './metric';

/** x ↦ weights, which are compared with a target. */
export interface LinearMap {
  apply(x: Matrix): Matrix;
  /** Its adjoint in the plain inner product. */
  adjoint(weights: Matrix): Matrix;
  /** Roughly the inverse of the normal equations; symmetric and positive definite. */
  precondition(gradient: Matrix): Matrix;
}

const maxIterations = 12;
/** An iteration that adds no more than this share to what was gained before is the last one. */
const tolerance = 1e-2;

/**
 * Lowers ‖target − map(x)‖² in the metric, plus `penalty`·‖x‖², from `start`.
 *
 * @returns the minimum, or what is reached after a fixed number of iterations.
 */
export function leastSquares(
  target: Matrix,
  metric: Metric,
  map: LinearMap,
  start: Matrix,
  penalty = 0,
): Matrix {
  const x = copyOf(start);
  let total = 0;
  const gradient = map.adjoint(metric.apply(subtract(target, map.apply(x))));
  addScaled(gradient, -penalty, x);
  let step = map.precondition(gradient);
  let slope = innerProduct(gradient, step);
  for (let i = 0; i < maxIterations && slope > 0; i++) {
    const moved = map.apply(step);
    const weighted = metric.apply(moved);
    const curvature = innerProduct(moved, weighted) + penalty * innerProduct(step, step);
    if (!(curvature > 0)) break;
    const length = slope / curvature;
    addScaled(x, length, step);
    const gain = length * slope;
    total += gain;
    if (gain <= tolerance * total && i > 0) break;
    addScaled(gradient, -length, map.adjoint(weighted));
    addScaled(gradient, -length * penalty, step);
    const next = map.precondition(gradient);
    const nextSlope = innerProduct(gradient, next);
    if (nextSlope <= tolerance ** 2 * slope) break;
    addScaled(next, nextSlope / slope, step);
    [step, slope] = [next, nextSlope];
  }
  return x;
}

/** a += factor · b; both row-major. */
export function addScaled(a: Matrix, factor: number, b: Matrix): void {
  for (let i = 0; i < a.data.length; i++) a.data[i] += factor * b.data[i];
}

/** Solves X·S = B for symmetric positive semidefinite S; where S has none, some solution. */
export function solveRight(s: Matrix, b: Matrix): Matrix {
  return matrix(b.rows, b.columns, solveCholesky(safeFactor(s).data, s.rows, b.data, b.rows));
}

/** X ↦ K⁻¹·X·G⁻¹, the inverse of the Kronecker product of two symmetric matrices; G may be missing. */
export function kroneckerInverse(k: Matrix, inverseOfG: Matrix | undefined): (x: Matrix) => Matrix {
  const left = inverse(k);
  return (x) => {
    const half = multiply(left, x);
    return inverseOfG ? multiply(half, inverseOfG) : half;
  };
}

/** An explicit inverse: as exact as a preconditioner has to be, and applied by one product. */
export function inverse(s: Matrix): Matrix {
  return solveRight(s, identity(s.rows));
}

/** The inverse of `marginal`, for preconditioning. */
export function inverseMarginal(metric: Metric, outer: number): Matrix | undefined {
  const mean = marginal(metric, outer);
  return mean && inverse(mean);
}

/**
 * L with S ≈ L·Lᵀ. Rounding can make a semidefinite matrix slightly indefinite: the diagonal grows
 * until it is not. The zero matrix gets the unit factor.
 */
export function safeFactor(s: Matrix): Matrix {
  const size = s.rows;
  let mean = 0;
  for (let i = 0; i < size; i++) mean += s.data[i * size + i] / size;
  for (let added = 1e-14; ; added *= 10) {
    const attempt = s.data.slice();
    for (let i = 0; i < size; i++) attempt[i * size + i] += mean > 0 ? added * mean : 1;
    const factor = cholesky(attempt, size);
    if (factor) return matrix(size, size, factor);
  }
}
