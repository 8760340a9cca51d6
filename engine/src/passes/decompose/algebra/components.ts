/**
 * Sums of components in a metric, W[n, …] ≈ Σ U[n, r]·Π modes[r, …] (Kolda & Bader, "Tensor
 * decompositions and applications", SIAM Review 2009): a start from the singular vectors of the unfoldings and the steps of
 * alternating least squares. Components could grow without bound while they cancel (Phan et al.,
 * "Stable low-rank tensor decomposition for compression of convolutional neural networks", ECCV
 * 2020): a small penalty on the factors, whose scale every component shares evenly, prevents it.
 */

import {
  copyOf,
  gramOf,
  identity,
  matrix,
  multiply,
  squaredNorm,
  transpose,
  type Matrix,
} from '../../../linalg/matrix';
import { seededRandom } from '../../../linalg/random';
import type { Alternation } from './alternate';
import {
  addScaled,
  inverseMarginal,
  kroneckerInverse,
  leastSquares,
  solveRight,
  type LinearMap,
} from './least-squares';
import { ridgedError, subtract, weightMetric, type Metric } from './metric';
import { leadingSubspace } from './subspace';
import { middleFirst, reshape } from './unfold';

export interface Components {
  /** U: outputs × rank. */
  readonly outputs: Matrix;
  /** One for the channels and one for each axis of the kernel: rank × extent. */
  readonly modes: readonly Matrix[];
}

/** The penalty's share of what is minimised at the start. */
const penaltyShare = 1e-5;

/**
 * Leading singular vectors along each mode, random where there are more components than those; random
 * altogether for every seed but 0.
 */
export function initialComponents(
  weights: Matrix,
  extents: readonly number[],
  rank: number,
  seed = 0,
): Components {
  const random = seededRandom(seed);
  let inner = weights.columns;
  const modes = extents.map((extent) => {
    // Modes before this one join the rows, so that it is the outermost of the columns.
    const unfolded = reshape(weights, weights.data.length / inner, inner);
    inner /= extent;
    const count = seed === 0 ? Math.min(rank, extent) : 0;
    const mode = matrix(rank, extent);
    if (count > 0) {
      mode.data.set(leadingSubspace(middleFirst(unfolded, extent), count).vectors.data);
    }
    for (let i = count * extent; i < mode.data.length; i++) mode.data[i] = random.normal();
    return mode;
  });
  const outputs = fitOutputs(weights, weightMetric, modes, 0);
  return balanceComponents({ outputs, modes });
}

/** Steps for every factor in the metric. */
export function componentAlternation(
  weights: Matrix,
  metric: Metric,
  start: Components,
): Alternation<Components> {
  const scale = sizeOf(start);
  const penalty = scale > 0 ? (penaltyShare * ridgedError(metric, weights)) / scale : 0;
  const channels = inverseMarginal(metric, start.modes[0].columns);
  const one = ones(start.outputs.columns);
  const weighted = metric.apply(weights);
  const fitModes = ({ outputs, modes: start }: Components): Components => {
    const inner = gramOf(transpose(outputs));
    const projected = multiply(transpose(outputs), weighted);
    const fitMode = (modes: readonly Matrix[], m: number): Matrix => {
      const before = khatriRao([one, ...modes.slice(0, m)]);
      const after = khatriRao([one, ...modes.slice(m + 1)]);
      const normal = hadamard(inner, gramOf(before), gramOf(after));
      addScaled(normal, penalty, identity(normal.rows));
      const right = contract(projected, before, after);
      if (!metric.gram) return transposed(solveRight(normal, transposed(right)));
      if (m > 0) return solveMode(metric.gram, inner, before, after, right, penalty);
      const map: LinearMap = {
        apply: (mode) => multiply(outputs, khatriRao([before, mode, after])),
        adjoint: (y) => contract(multiply(transpose(outputs), y), before, after),
        precondition: kroneckerInverse(normal, channels),
      };
      return leastSquares(weights, metric, map, modes[m], penalty);
    };
    return {
      outputs,
      modes: start.reduce((modes, _, m) => modes.with(m, fitMode(modes, m)), start),
    };
  };
  return {
    start,
    steps: [
      fitModes,
      ({ modes }) =>
        balanceComponents({ modes, outputs: fitOutputs(weights, metric, modes, penalty) }),
    ],
    compose: composeComponents,
    extrapolate: (from, to, length) => ({
      outputs: beyond(from.outputs, to.outputs, length),
      modes: to.modes.map((mode, i) => beyond(from.modes[i], mode, length)),
    }),
    penalty: (state) => penalty * sizeOf(state),
  };
}

/** outputs × product of the extents. */
export function composeComponents({ outputs, modes }: Components): Matrix {
  return multiply(outputs, khatriRao(modes));
}

function fitOutputs(
  weights: Matrix,
  metric: Metric,
  modes: readonly Matrix[],
  penalty: number,
): Matrix {
  const features = khatriRao(modes);
  const weighted = metric.apply(features);
  const normal = metric.gram
    ? multiply(weighted, transpose(features))
    : hadamard(...modes.map(gramOf));
  addScaled(normal, penalty, identity(normal.rows));
  return solveRight(normal, multiply(weights, transpose(weighted)));
}

/** The normal equations of a mode with few unknowns, rank · extent of them, written out. */
function solveMode(
  gram: Matrix,
  inner: Matrix,
  before: Matrix,
  after: Matrix,
  right: Matrix,
  penalty: number,
): Matrix {
  const rank = inner.rows;
  const extent = right.columns;
  // Row (r, e) of T is what component r makes of a one at position e.
  const t = matrix(rank * extent, gram.rows);
  for (let e = 0; e < extent; e++) {
    const unit = matrix(rank, extent);
    for (let r = 0; r < rank; r++) unit.data[r * extent + e] = 1;
    const rows = khatriRao([before, unit, after]);
    for (let r = 0; r < rank; r++) {
      const row = rows.data.subarray(r * rows.columns, (r + 1) * rows.columns);
      t.data.set(row, (r * extent + e) * rows.columns);
    }
  }
  const normal = multiply(multiply(t, gram), transpose(t));
  for (let i = 0, at = 0; i < normal.rows; i++) {
    const row = Math.floor(i / extent) * rank;
    for (let j = 0; j < normal.rows; j++) {
      normal.data[at++] *= inner.data[row + Math.floor(j / extent)];
    }
  }
  addScaled(normal, penalty, identity(normal.rows));
  return reshape(solveRight(normal, reshape(right, 1, rank * extent)), rank, extent);
}

/** Row by row the Kronecker product, rank × product of the extents. */
function khatriRao([first, ...others]: readonly Matrix[]): Matrix {
  return others.reduce((left, right) => {
    const result = matrix(left.rows, left.columns * right.columns);
    for (let at = 0, i = 0; i < left.data.length; i++) {
      const row = Math.floor(i / left.columns) * right.columns;
      for (let k = row; k < row + right.columns; k++) {
        result.data[at++] = left.data[i] * right.data[k];
      }
    }
    return result;
  }, first);
}

/** Row by row, what is left of before × extent × after once the outer two are summed out. */
function contract(a: Matrix, before: Matrix, after: Matrix): Matrix {
  const extent = a.columns / (before.columns * after.columns);
  const result = matrix(a.rows, extent);
  for (let r = 0, at = 0; r < a.rows; r++) {
    for (let b = r * before.columns; b < (r + 1) * before.columns; b++) {
      for (let e = r * extent; e < (r + 1) * extent; e++) {
        let sum = 0;
        for (let k = r * after.columns; k < (r + 1) * after.columns; k++) {
          sum += a.data[at++] * after.data[k];
        }
        result.data[e] += before.data[b] * sum;
      }
    }
  }
  return result;
}

/** Gives every factor of a component the same norm, which makes the penalty least. */
function balanceComponents({ outputs, modes }: Components): Components {
  const rank = outputs.columns;
  const all = [copyOf(transpose(outputs)), ...modes.map(copyOf)];
  for (let r = 0; r < rank; r++) {
    const rows = all.map(({ data, columns }) => data.subarray(r * columns, (r + 1) * columns));
    const norms = rows.map((row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)));
    const mean = norms.reduce((product, norm) => product * norm ** (1 / norms.length), 1);
    rows.forEach((row, i) => {
      const scale = mean > 0 ? mean / norms[i] : 0;
      for (let k = 0; k < row.length; k++) row[k] *= scale;
    });
  }
  return { outputs: copyOf(transpose(all[0])), modes: all.slice(1) };
}

function beyond(from: Matrix, to: Matrix, length: number): Matrix {
  const result = copyOf(to);
  addScaled(result, length, subtract(to, from));
  return result;
}

function transposed(a: Matrix): Matrix {
  return copyOf(transpose(a));
}

function sizeOf({ outputs, modes }: Components): number {
  return modes.reduce((sum, mode) => sum + squaredNorm(mode), squaredNorm(outputs));
}

function ones(rank: number): Matrix {
  return matrix(rank, 1, new Float64Array(rank).fill(1));
}

function hadamard(...[a, ...others]: readonly Matrix[]): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((value, i) => others.reduce((product, { data }) => product * data[i], value)),
  );
}
