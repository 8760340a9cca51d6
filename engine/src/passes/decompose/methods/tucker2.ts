/**
 * Tucker-2: W[n, c, k] ≈ Σ U[n, p]·K[p, q, k]·V[q, c], a 1×1 layer into r_in channels, the core of the
 * original's extents, and a 1×1 layer out of r_out channels (Kim et al., "Compression of deep
 * convolutional neural networks for fast and low power mobile applications", ICLR 2016). Bases from
 * the singular vectors of the unfoldings, then higher-order orthogonal iteration (De Lathauwer, De
 * Moor & Vandewalle 2000). With moments, steps of least squares in
 * their metric follow. Of a pointwise kernel it is the singular value decomposition, whose core
 * is diagonal and needs no layer.
 */

import { copyOf, multiply, squaredNorm, transpose, type Matrix } from '../../../linalg/matrix';
import { alternate } from '../algebra/alternate';
import {
  decomposeGroups,
  inputsPerGroup,
  isDepthwise,
  isPointwise,
  outputsPerGroup,
  pointwiseShape,
  spectraOfGroups,
  tapsOf,
} from '../algebra/groups';
import { basisAlternation, type BasisFit } from '../algebra/input-basis';
import { marginal } from '../algebra/metric';
import { columnSpectrum, leadingSubspace, spectrumOf } from '../algebra/subspace';
import { middleFirst } from '../algebra/unfold';
import type { KernelShape, Method } from '../method';
import { svd } from './svd';

export const tucker2: Method = {
  id: 'tucker2',
  title: 'Tucker-2',
  doc: 'A 1×1 layer to fewer channels, a smaller kernel between them, and a 1×1 layer back (Kim et al., ICLR 2016), fitted by higher-order orthogonal iteration. A 1×1 layer becomes two, as by its singular values.',
  ranks: ['in', 'out'],
  refuse: (shape) =>
    isDepthwise(shape)
      ? 'a depthwise layer reads one channel each: there is no rank to cut'
      : undefined,
  fullRanks,
  factors,
  spectra: (kernel, moments) => {
    const channels = inputsPerGroup(kernel.shape);
    return spectraOfGroups(kernel, moments, (weights, metric) => {
      const byChannel = middleFirst(weights, channels);
      return [columnSpectrum(byChannel, marginal(metric, channels)), spectrumOf(weights, metric)];
    });
  },
  decompose: (kernel, ranks, moments) => {
    const { shape } = kernel;
    if (isPointwise(shape)) return svd.decompose(kernel, [Math.min(...ranks)], moments);
    const [rankIn, rankOut] = ranks;
    return decomposeGroups(kernel, factors(shape, ranks), moments, (weights, metric) => {
      const start = iterate(weights, inputsPerGroup(shape), rankIn, rankOut);
      const { core, inputs, outputs } = metric.gram
        ? alternate(weights, metric, basisAlternation(weights, metric, start))
        : start;
      return [inputs, core, copyOf(transpose(outputs))];
    });
  },
};

function fullRanks(shape: KernelShape): number[] {
  const [outputs, inputs, taps] = [outputsPerGroup(shape), inputsPerGroup(shape), tapsOf(shape)];
  return [Math.min(inputs, outputs * taps), Math.min(outputs, inputs * taps)];
}

function factors(shape: KernelShape, ranks: readonly number[]): readonly KernelShape[] {
  if (isPointwise(shape)) return svd.factors(shape, [Math.min(...ranks)]);
  const { inputs, outputs, groups } = shape;
  const [rankIn, rankOut] = ranks.map((rank) => rank * groups);
  return [
    pointwiseShape(shape, rankIn, inputs, groups),
    { ...shape, inputs: rankIn, outputs: rankOut },
    pointwiseShape(shape, outputs, rankOut, groups),
  ];
}

const tolerance = 1e-4;
const maxSweeps = 100;

/** @param weights outputs × (channels × taps). */
export function iterate(
  weights: Matrix,
  channels: number,
  rankIn: number,
  rankOut: number,
): BasisFit {
  const byChannel = middleFirst(weights, channels);
  const total = squaredNorm(weights);
  let inputs = leadingSubspace(byChannel, rankIn).vectors;
  let fit = 0;
  for (let sweep = 0; ; sweep++) {
    const narrowed = middleFirst(multiply(inputs, byChannel), weights.rows);
    const outputs = leadingSubspace(narrowed, rankOut).vectors;
    const core = multiply(outputs, narrowed);
    const error = Math.sqrt(Math.max(0, 1 - squaredNorm(core) / total));
    const change = 1 - error - fit;
    if (!(change > tolerance) || sweep === maxSweeps) return { core, inputs, outputs };
    fit = 1 - error;
    const projected = multiply(outputs, weights);
    inputs = leadingSubspace(middleFirst(projected, channels), rankIn).vectors;
  }
}
