/**
 * Truncated singular value decomposition of the weights as outputs × (inputs · positions),
 * W ≈ U·(Uᵀ·W) with the r leading left singular vectors U: a layer of r outputs with the kernel of the
 * original, then a pointwise one. For kernels of one position this is the classic split of a dense or
 * 1×1 layer, for larger ones the decomposition of the response (Zhang et al., "Accelerating very deep
 * convolutional networks", TPAMI 2016). With moments G, U holds the leading eigenvectors of W·G·Wᵀ,
 * which makes the error of the output least (Eckart & Young in the metric of G).
 */

import { matrix, multiply, transpose, type Matrix } from '../../../linalg/matrix';
import {
  decomposeGroups,
  featuresOf,
  isDepthwise,
  outputsPerGroup,
  pointwiseShape,
  spectraOfGroups,
} from '../algebra/groups';
import type { Metric } from '../algebra/metric';
import { leadingSubspace, spectrumOf } from '../algebra/subspace';
import type { KernelShape, Method } from '../method';

export const svd: Method = {
  id: 'svd',
  title: 'Singular value decomposition',
  doc: 'Splits a dense or 1×1 layer into two thinner ones by its truncated singular value decomposition. A larger kernel becomes one of fewer outputs and a 1×1 layer (Zhang et al., TPAMI 2016). With calibration data the error of the output is the least possible at this rank, without it that of the weights.',
  ranks: ['rank'],
  refuse: (shape) =>
    isDepthwise(shape)
      ? 'a depthwise layer reads one channel each: there is no rank to cut'
      : undefined,
  fullRanks: (shape) => [Math.min(outputsPerGroup(shape), featuresOf(shape))],
  factors,
  spectra: (kernel, moments) =>
    spectraOfGroups(kernel, moments, (weights, metric) => [spectrumOf(weights, metric)]),
  decompose: (kernel, ranks, moments) =>
    decomposeGroups(kernel, factors(kernel.shape, ranks), moments, (weights, metric) =>
      truncate(weights, metric, ranks[0]),
    ),
};

function factors(shape: KernelShape, [rank]: readonly number[]): KernelShape[] {
  const between = rank * shape.groups;
  return [
    { ...shape, outputs: between },
    pointwiseShape(shape, shape.outputs, between, shape.groups),
  ];
}

/** The two factors B (rank × features) and A (outputs × rank) of W ≈ A·B, equal in scale. */
export function truncate(weights: Matrix, metric: Metric, rank: number): [Matrix, Matrix] {
  const { vectors } = leadingSubspace(weights, rank, metric);
  return balance(multiply(vectors, weights), transpose(vectors));
}

/** Gives row i of B and column i of A the same norm, so that neither is harder to quantize. */
export function balance(b: Matrix, a: Matrix): [Matrix, Matrix] {
  const [first, second] = [matrix(b.rows, b.columns), matrix(a.rows, a.columns)];
  for (let i = 0; i < b.rows; i++) {
    let [before, after] = [0, 0];
    for (let k = 0; k < b.columns; k++) before += b.data[i * b.columns + k] ** 2;
    for (let k = 0; k < a.rows; k++) after += a.data[k * a.rowStride + i * a.columnStride] ** 2;
    if (before === 0 || after === 0) continue;
    const scale = (after / before) ** 0.25;
    for (let k = 0; k < b.columns; k++) {
      first.data[i * b.columns + k] = b.data[i * b.columns + k] * scale;
    }
    for (let k = 0; k < a.rows; k++) {
      second.data[k * a.columns + i] = a.data[k * a.rowStride + i * a.columnStride] / scale;
    }
  }
  return [first, second];
}
