/**
 * Canonical polyadic decomposition: W[n, c, i, j] ≈ Σ U[n, r]·A[r, c]·H[r, i]·V[r, j], a 1×1 layer, a
 * depthwise one along each axis, and a 1×1 layer (Lebedev et al., "Speeding-up convolutional neural
 * networks using fine-tuned CP-decomposition", ICLR 2015), by alternating least squares from the
 * singular vectors of the unfoldings (Kolda & Bader, "Tensor decompositions and applications", 2009).
 * Components could grow without bound while they cancel (Phan et al., "Stable low-rank tensor
 * decomposition for compression of convolutional neural networks", ECCV 2020): a small penalty on the
 * factors, whose scale every component shares evenly, prevents it.
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
import { alternate, type Alternation } from '../algebra/alternate';
import {
  decomposeGroups,
  featuresOf,
  inputsPerGroup,
  isDepthwise,
  isPointwise,
  outputsPerGroup,
  pointwiseShape,
  spectraOfGroups,
} from '../algebra/groups';
import {
  addScaled,
  inverseMarginal,
  kroneckerInverse,
  leastSquares,
  type LinearMap,
  solveRight,
} from '../algebra/least-squares';
import { marginal, ridgedError, subtract, weightMetric, type Metric } from '../algebra/metric';
import { columnSpectrum, leadingSubspace } from '../algebra/subspace';
import { middleFirst, reshape } from '../algebra/unfold';
import type { KernelShape, Method } from '../method';

export const cp: Method = {
  id: 'cp',
  title: 'Canonical polyadic',
  doc: 'A 1×1 layer, a depthwise layer along each axis of the kernel, and a 1×1 layer (Lebedev et al., ICLR 2015), by alternating least squares. The least work, and the hardest to fine-tune: use a small learning rate.',
  ranks: ['rank'],
  refuse: (shape) => {
    if (isDepthwise(shape))
      return 'a depthwise layer reads one channel each: there is no rank to cut';
    if (isPointwise(shape))
      return 'of a layer of one position it is the singular value decomposition: use svd';
    return undefined;
  },
  fullRanks: (shape) => [mostComponents(shape)],
  factors,
  // A component has rank one in every unfolding; this one has the most singular values.
  spectra: (kernel, moments) => {
    const outer = inputsPerGroup(kernel.shape) * kernel.shape.kernel[0];
    return spectraOfGroups(kernel, moments, (weights, metric) => [
      columnSpectrum(middleFirst(weights, outer), marginal(metric, outer)),
    ]);
  },
  decompose: (kernel, ranks, moments) => {
    const { shape } = kernel;
    const extents = [inputsPerGroup(shape), ...shape.kernel.filter((extent) => extent > 1)];
    return decomposeGroups(kernel, factors(shape, ranks), moments, (weights, metric) => {
      const plain = fitComponents(weights, extents, ranks[0]);
      const { outputs, modes } = metric.gram
        ? alternate(weights, metric, componentAlternation(weights, metric, plain))
        : plain;
      return [...modes, outputs];
    });
  },
};

/** From here on the factors hold as many weights as the layer. */
function mostComponents(shape: KernelShape): number {
  const [outputs, inputs] = [outputsPerGroup(shape), inputsPerGroup(shape)];
  const lengths = shape.kernel.reduce((sum, extent) => sum + extent, outputs + inputs);
  return Math.max(1, Math.floor((outputs * featuresOf(shape)) / lengths));
}

function factors(shape: KernelShape, [rank]: readonly number[]): KernelShape[] {
  const { inputs, outputs, groups, kernel } = shape;
  const components = rank * groups;
  const axes = kernel.flatMap((extent, axis) => (extent > 1 ? [axis] : []));
  return [
    pointwiseShape(shape, components, inputs, groups),
    ...axes.map((axis) =>
      alongAxis(
        shape,
        components,
        (each) => each === axis || (axis === axes[0] && kernel[each] === 1),
      ),
    ),
    pointwiseShape(shape, outputs, components, groups),
  ];
}

/** A depthwise layer that does what the original does on its axes, and nothing on the others. */
function alongAxis(
  { kernel, strides, dilations, pads }: KernelShape,
  channels: number,
  isOwn: (axis: number) => boolean,
): KernelShape {
  const axes = kernel.length;
  const own = (list: readonly number[], other: number): number[] =>
    list.map((value, i) => (isOwn(i % axes) ? value : other));
  return {
    outputs: channels,
    inputs: channels,
    groups: channels,
    kernel: own(kernel, 1),
    strides: own(strides, 1),
    dilations: own(dilations, 1),
    pads: own(pads, 0),
  };
}

export interface Components {
  /** U: outputs × rank. */
  readonly outputs: Matrix;
  /** One for the channels and one for each axis of the kernel: rank × extent. */
  readonly modes: readonly Matrix[];
}

/** Components settle slowly and not always at the same place: what a layer's size permits is tried. */
const [fewestSweeps, mostSweeps] = [30, 150];
const mostStarts = 8;
const tolerance = 1e-5;
/** Multiplications to be spent on a layer, and those of a sweep for each weight and component. */
const budget = 5e9;
const multiplicationsOfSweep = 6;

/** The best fit to the weights from singular vectors or, where time permits, random starts. */
export function fitComponents(
  weights: Matrix,
  extents: readonly number[],
  rank: number,
): Components {
  const affordable = Math.floor(budget / (multiplicationsOfSweep * weights.data.length * rank));
  const sweeps = Math.min(mostSweeps, Math.max(fewestSweeps, affordable));
  const starts = Math.min(mostStarts, Math.max(1, Math.floor(affordable / sweeps)));
  const fits = Array.from({ length: starts }, (_, seed) => {
    const start = initialComponents(weights, extents, rank, seed);
    const alternation = componentAlternation(weights, weightMetric, start);
    return alternate(weights, weightMetric, alternation, { sweeps, tolerance });
  });
  const losses = fits.map(({ outputs, modes }) =>
    squaredNorm(subtract(weights, multiply(outputs, khatriRao(modes)))),
  );
  return fits[losses.indexOf(Math.min(...losses))];
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
  const steps = start.modes.map((_, m) => (state: Components): Components => {
    const { outputs, modes } = state;
    const before = khatriRao([one, ...modes.slice(0, m)]);
    const after = khatriRao([one, ...modes.slice(m + 1)]);
    const inner = gramOf(transpose(outputs));
    const adjoint = (y: Matrix): Matrix => contract(multiply(transpose(outputs), y), before, after);
    const normal = hadamard(inner, gramOf(before), gramOf(after));
    addScaled(normal, penalty, identity(normal.rows));
    let fitted: Matrix;
    if (!metric.gram) {
      fitted = copyOf(transpose(solveRight(normal, copyOf(transpose(adjoint(weights))))));
    } else if (m > 0) {
      fitted = solveMode(metric.gram, inner, before, after, adjoint(weighted), penalty);
    } else {
      const map: LinearMap = {
        apply: (mode) => multiply(outputs, khatriRao([before, mode, after])),
        adjoint,
        precondition: kroneckerInverse(normal, channels),
      };
      fitted = leastSquares(weights, metric, map, modes[m], penalty);
    }
    return { outputs, modes: modes.map((mode, i) => (i === m ? fitted : mode)) };
  });
  return {
    start,
    steps: [
      ...steps,
      ({ modes }) =>
        balanceComponents({ modes, outputs: fitOutputs(weights, metric, modes, penalty) }),
    ],
    compose: ({ outputs, modes }) => multiply(outputs, khatriRao(modes)),
    extrapolate: (from, to, length) => ({
      outputs: beyond(from.outputs, to.outputs, length),
      modes: to.modes.map((mode, i) => beyond(from.modes[i], mode, length)),
    }),
    penalty: (state) => penalty * sizeOf(state),
  };
}

function fitOutputs(
  weights: Matrix,
  metric: Metric,
  modes: readonly Matrix[],
  penalty: number,
): Matrix {
  const features = khatriRao(modes);
  const weighted = metric.apply(features);
  const normal = multiply(weighted, transpose(features));
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

function sizeOf({ outputs, modes }: Components): number {
  return modes.reduce((sum, mode) => sum + squaredNorm(mode), squaredNorm(outputs));
}

function ones(rank: number): Matrix {
  return matrix(rank, 1, new Float64Array(rank).fill(1));
}

function hadamard(a: Matrix, ...others: readonly Matrix[]): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((value, i) => others.reduce((product, { data }) => product * data[i], value)),
  );
}
