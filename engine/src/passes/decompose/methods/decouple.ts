/**
 * Network decoupling: a convolution as T pairs of a depthwise and a pointwise one (Guo et al.,
 * "Network decoupling: from regular to depthwise separable convolutions", BMVC 2018, arXiv 1808.05517).
 * Depthwise first, W[n, c, k] ≈ Σ P[n, c, t]·D[c, t, k], from the singular value decomposition of the
 * outputs × positions of every input channel: one depthwise layer of multiplier T and one pointwise
 * layer. Exact at T = positions.
 */

import {
  addProduct,
  addTo,
  columnsOf,
  copyOf,
  gramOf,
  identity,
  matrix,
  multiply,
  rowsOf,
  transpose,
  type Matrix,
} from '../../../linalg/matrix';
import { alternate, type Alternation } from '../algebra/alternate';
import {
  decomposeGroups,
  isDepthwise,
  isPointwise,
  joinSpectra,
  outputsPerGroup,
  pointwiseShape,
  spectraOfGroups,
  tapsOf,
} from '../algebra/groups';
import {
  inverse,
  kroneckerInverse,
  leastSquares,
  solveRight,
  type LinearMap,
} from '../algebra/least-squares';
import type { Metric } from '../algebra/metric';
import { columnSpectrum, leadingSubspace } from '../algebra/subspace';
import type { KernelShape, Method } from '../method';
import { balance } from './svd';

export const decouple: Method = {
  id: 'decouple',
  title: 'Network decoupling',
  doc: 'A depthwise layer of several kernels for each channel, then a 1×1 layer (Guo et al., BMVC 2018).',
  ranks: ['terms'],
  countsTerms: true,
  refuse: refuseDecoupling,
  fullRanks: (shape) => [Math.min(tapsOf(shape), outputsPerGroup(shape))],
  factors,
  spectra: (kernel, moments) => {
    const taps = tapsOf(kernel.shape);
    return spectraOfGroups(kernel, moments, (weights, metric) => [
      joinSpectra(
        slicesOf(weights, taps).map((slice, c) =>
          columnSpectrum(transpose(slice), diagonalBlock(metric, c, taps)),
        ),
      ),
    ]);
  },
  decompose: (kernel, ranks, moments) => {
    const { shape } = kernel;
    const taps = tapsOf(shape);
    return decomposeGroups(kernel, factors(shape, ranks), moments, (weights, metric) => {
      const start = decoupleChannels(weights, taps, ranks[0]);
      const fit = metric.gram
        ? alternate(weights, metric, decouplingAlternation(weights, metric, start))
        : start;
      return [fit.depthwise, fit.pointwise];
    });
  },
};

export function refuseDecoupling(shape: KernelShape): string | undefined {
  if (isDepthwise(shape)) return 'the layer is depthwise already';
  if (isPointwise(shape)) return 'a layer of one position has no depthwise part';
  return undefined;
}

function factors(shape: KernelShape, [terms]: readonly number[]): KernelShape[] {
  const { inputs, outputs, groups } = shape;
  const between = inputs * terms;
  return [
    { ...shape, outputs: between, groups: inputs },
    pointwiseShape(shape, outputs, between, groups),
  ];
}

export interface Decoupling {
  /** T. */
  readonly terms: number;
  /** D: (channels · terms) × taps. */
  readonly depthwise: Matrix;
  /** P: outputs × (channels · terms). */
  readonly pointwise: Matrix;
}

/** The best terms of every channel on its own. */
export function decoupleChannels(weights: Matrix, taps: number, terms: number): Decoupling {
  const slices = slicesOf(weights, taps);
  const depthwise = matrix(slices.length * terms, taps);
  const pointwise = matrix(weights.rows, slices.length * terms);
  slices.forEach((slice, c) => {
    const { vectors } = leadingSubspace(transpose(slice), terms);
    const [p, d] = balance(multiply(vectors, transpose(slice)), transpose(vectors));
    addTo(rowBlock(depthwise, c, terms), transpose(d));
    addTo(columnBlock(pointwise, c, terms), transpose(p));
  });
  return { terms, depthwise, pointwise };
}

/** Steps for either factor in the metric. */
export function decouplingAlternation(
  weights: Matrix,
  metric: Metric,
  start: Decoupling,
): Alternation<Decoupling> {
  const { terms } = start;
  const taps = start.depthwise.columns;
  const weighted = copyOf(transpose(metric.apply(weights)));
  const gram = metric.gram ?? identity(weights.columns);
  const blocks = slicesOf(weights, taps).map((_, c) => {
    const own = diagonalBlock(metric, c, taps);
    return own && inverse(own);
  });
  const fitPointwise = ({ depthwise }: Decoupling): Decoupling => {
    const filtered = copyOf(transpose(filter(depthwise, gram, terms)));
    const right = copyOf(transpose(filter(depthwise, weighted, terms)));
    return { terms, depthwise, pointwise: solveRight(filter(depthwise, filtered, terms), right) };
  };
  const fitDepthwise = ({ depthwise, pointwise }: Decoupling): Decoupling => {
    const inverses = blocks.map((block, c) =>
      kroneckerInverse(gramOf(transpose(columnBlock(pointwise, c, terms))), block),
    );
    const stacked = (block: (c: number) => Matrix): Matrix => {
      const result = matrix(start.depthwise.rows, taps);
      for (let c = 0; c < blocks.length; c++) addTo(rowBlock(result, c, terms), block(c));
      return result;
    };
    const map: LinearMap = {
      apply: (d) => composeDecoupling({ terms, depthwise: d, pointwise }),
      adjoint: (y) =>
        stacked((c) =>
          multiply(transpose(columnBlock(pointwise, c, terms)), columnBlock(y, c, taps)),
        ),
      precondition: (gradient) => stacked((c) => inverses[c](copyOf(rowBlock(gradient, c, terms)))),
    };
    return { terms, pointwise, depthwise: leastSquares(weights, metric, map, depthwise) };
  };
  return { start, steps: [fitPointwise, fitDepthwise], compose: composeDecoupling };
}

/** Ŵ[n, c, k] = Σ P[n, c, t]·D[c, t, k]. */
function composeDecoupling({ terms, depthwise, pointwise }: Decoupling): Matrix {
  const taps = depthwise.columns;
  const channels = pointwise.columns / terms;
  const result = matrix(pointwise.rows, channels * taps);
  for (let c = 0; c < channels; c++) {
    const target = columnBlock(result, c, taps);
    addProduct(target, columnBlock(pointwise, c, terms), rowBlock(depthwise, c, terms));
  }
  return result;
}

/** What the depthwise layer makes of X with one feature a row: (channels · terms) × columns of X. */
function filter(depthwise: Matrix, x: Matrix, terms: number): Matrix {
  const result = matrix(depthwise.rows, x.columns);
  for (let c = 0; c * terms < depthwise.rows; c++) {
    const kernels = rowBlock(depthwise, c, terms);
    addProduct(rowBlock(result, c, terms), kernels, rowBlock(x, c, depthwise.columns));
  }
  return result;
}

/** The columns of each channel, outputs × taps, as views. */
function slicesOf(weights: Matrix, taps: number): Matrix[] {
  const channels = weights.columns / taps;
  return Array.from({ length: channels }, (_, c) => columnBlock(weights, c, taps));
}

function rowBlock(a: Matrix, index: number, size: number): Matrix {
  return rowsOf(a, index * size, (index + 1) * size);
}

function columnBlock(a: Matrix, index: number, size: number): Matrix {
  return columnsOf(a, index * size, (index + 1) * size);
}

/** How errors of the taps of one channel count. */
function diagonalBlock({ gram }: Metric, c: number, taps: number): Matrix | undefined {
  return gram && copyOf(columnBlock(rowBlock(gram, c, taps), c, taps));
}
