/**
 * Network decoupling with the pointwise layer first: W[n, c, k] ≈ Σ P[n, t, c]·D[n, t, k], from the
 * singular value decomposition of the inputs × positions of every output (Guo et al., BMVC 2018, arXiv
 * 1808.05517). The sum over the T terms is part of the second layer, whose groups read T channels.
 */

import {
  addProduct,
  addTo,
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
  inputsPerGroup,
  joinSpectra,
  pointwiseShape,
  spectraOfGroups,
  tapsOf,
} from '../algebra/groups';
import {
  inverseMarginal,
  kroneckerInverse,
  leastSquares,
  solveRight,
  type LinearMap,
} from '../algebra/least-squares';
import { marginal, type Metric } from '../algebra/metric';
import { columnSpectrum, leadingSubspace } from '../algebra/subspace';
import { reshape } from '../algebra/unfold';
import type { KernelShape, Method } from '../method';
import { refuseDecoupling } from './decouple';
import { balance } from './svd';

export const decouplePwDw: Method = {
  id: 'decouple-pw-dw',
  title: 'Network decoupling, pointwise first',
  doc: 'A 1×1 layer of several channels for each output, then a layer that filters and sums them, output by output (Guo et al., BMVC 2018).',
  ranks: ['terms'],
  countsTerms: true,
  refuse: refuseDecoupling,
  fullRanks: (shape) => [Math.min(tapsOf(shape), inputsPerGroup(shape))],
  factors,
  spectra: (kernel, moments) => {
    const taps = tapsOf(kernel.shape);
    return spectraOfGroups(kernel, moments, (weights, metric) => {
      const channels = marginal(metric, weights.columns / taps);
      const slices = slicesOf(weights, taps);
      return [joinSpectra(slices.map((slice) => columnSpectrum(slice, channels)))];
    });
  },
  decompose: (kernel, ranks, moments) => {
    const { shape } = kernel;
    const taps = tapsOf(shape);
    return decomposeGroups(kernel, factors(shape, ranks), moments, (weights, metric) => {
      const start = decoupleOutputs(weights, taps, ranks[0]);
      const fit = metric.gram
        ? alternate(weights, metric, outputAlternation(weights, metric, start))
        : start;
      return [fit.pointwise, fit.depthwise];
    });
  },
};

function factors(shape: KernelShape, [terms]: readonly number[]): KernelShape[] {
  const { inputs, outputs, groups } = shape;
  const between = outputs * terms;
  return [
    pointwiseShape(shape, between, inputs, groups),
    { ...shape, inputs: between, groups: outputs },
  ];
}

export interface OutputDecoupling {
  /** T. */
  readonly terms: number;
  /** P: (outputs · terms) × channels. */
  readonly pointwise: Matrix;
  /** D: (outputs · terms) × taps. */
  readonly depthwise: Matrix;
}

/** The best terms of every output on its own. */
export function decoupleOutputs(weights: Matrix, taps: number, terms: number): OutputDecoupling {
  const pointwise = matrix(weights.rows * terms, weights.columns / taps);
  const depthwise = matrix(weights.rows * terms, taps);
  slicesOf(weights, taps).forEach((slice, n) => {
    const { vectors } = leadingSubspace(transpose(slice), terms);
    const [p, d] = balance(multiply(vectors, transpose(slice)), transpose(vectors));
    addTo(termsOf(pointwise, n, terms), p);
    addTo(termsOf(depthwise, n, terms), transpose(d));
  });
  return { terms, pointwise, depthwise };
}

/** Steps for either factor in the metric; outputs do not depend on one another. */
export function outputAlternation(
  weights: Matrix,
  metric: Metric,
  start: OutputDecoupling,
): Alternation<OutputDecoupling> {
  const { terms } = start;
  const outputs = weights.rows;
  const taps = start.depthwise.columns;
  const channels = start.pointwise.columns;
  const mean = inverseMarginal(metric, channels);
  const gram = metric.gram ?? identity(weights.columns);
  const weighted = metric.apply(weights);
  const stacked = (columns: number, block: (n: number) => Matrix): Matrix => {
    const result = matrix(outputs * terms, columns);
    for (let n = 0; n < outputs; n++) addTo(termsOf(result, n, terms), block(n));
    return result;
  };
  const fitDepthwise = ({ pointwise }: OutputDecoupling): OutputDecoupling => {
    const depthwise = stacked(taps, (n) => {
      const mix = termsOf(pointwise, n, terms);
      const mixed = mixChannels(mix, gram);
      const normal = mixChannels(mix, copyOf(transpose(mixed)));
      const right = multiply(mix, sliceOf(weighted, n, taps));
      return reshape(solveRight(normal, reshape(right, 1, terms * taps)), terms, taps);
    });
    return { terms, pointwise, depthwise };
  };
  const fitPointwise = ({ pointwise, depthwise }: OutputDecoupling): OutputDecoupling => {
    const inverses = Array.from({ length: outputs }, (_, n) =>
      kroneckerInverse(gramOf(termsOf(depthwise, n, terms)), mean),
    );
    const map: LinearMap = {
      apply: (p) => composeOutputs({ terms, pointwise: p, depthwise }),
      adjoint: (y) =>
        stacked(channels, (n) =>
          multiply(termsOf(depthwise, n, terms), transpose(sliceOf(y, n, taps))),
        ),
      precondition: (gradient) =>
        stacked(channels, (n) => inverses[n](copyOf(termsOf(gradient, n, terms)))),
    };
    return { terms, depthwise, pointwise: leastSquares(weights, metric, map, pointwise) };
  };
  return { start, steps: [fitDepthwise, fitPointwise], compose: composeOutputs };
}

/** Ŵ[n, c, k] = Σ P[n, t, c]·D[n, t, k]. */
function composeOutputs({ terms, pointwise, depthwise }: OutputDecoupling): Matrix {
  const taps = depthwise.columns;
  const result = matrix(pointwise.rows / terms, pointwise.columns * taps);
  for (let n = 0; n < result.rows; n++) {
    const target = sliceOf(result, n, taps);
    addProduct(target, transpose(termsOf(pointwise, n, terms)), termsOf(depthwise, n, terms));
  }
  return result;
}

/** (P ⊗ I)·X for X with one feature, channel by tap, a row: (terms · taps) × columns of X. */
function mixChannels(mix: Matrix, x: Matrix): Matrix {
  const taps = x.rows / mix.columns;
  const product = multiply(mix, reshape(x, mix.columns, taps * x.columns));
  return reshape(product, mix.rows * taps, x.columns);
}

function slicesOf(weights: Matrix, taps: number): Matrix[] {
  return Array.from({ length: weights.rows }, (_, n) => sliceOf(weights, n, taps));
}

/** The weights of output n as channels × taps; a view. */
function sliceOf(weights: Matrix, n: number, taps: number): Matrix {
  return {
    ...weights,
    rows: weights.columns / taps,
    columns: taps,
    offset: weights.offset + n * weights.rowStride,
    rowStride: taps,
    columnStride: 1,
  };
}

function termsOf(a: Matrix, n: number, terms: number): Matrix {
  return rowsOf(a, n * terms, (n + 1) * terms);
}
