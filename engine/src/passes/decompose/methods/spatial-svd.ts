/**
 * Spatial SVD: W[n, c, i, j] ≈ Σ H[n, r, j]·V[r, c, i], a layer along the rows and one along the
 * columns, from the singular value decomposition of the weights as (inputs · rows) × (outputs ·
 * columns) (Jaderberg, Vedaldi & Zisserman, "Speeding up convolutional neural networks with low rank
 * expansions", BMVC 2014). Stride, padding and dilation stay on their axes.
 */

import { copyOf, identity, multiply, transpose, type Matrix } from '../../../linalg/matrix';
import { alternate } from '../algebra/alternate';
import {
  decomposeGroups,
  inputsPerGroup,
  isDepthwise,
  outputsPerGroup,
  spectraOfGroups,
} from '../algebra/groups';
import { basisAlternation } from '../algebra/input-basis';
import { marginal } from '../algebra/metric';
import { columnSpectrum, leadingSubspace } from '../algebra/subspace';
import { middleFirst } from '../algebra/unfold';
import type { KernelShape, Method } from '../method';
import { balance } from './svd';

export const spatialSvd: Method = {
  id: 'spatial-svd',
  title: 'Spatial SVD',
  doc: 'A convolution along the rows of the kernel, then one along its columns (Jaderberg et al., BMVC 2014).',
  ranks: ['rank'],
  refuse: (shape) => {
    if (isDepthwise(shape))
      return 'a depthwise layer reads one channel each: there is little to gain';
    if (shape.kernel.length !== 2) return 'the kernel needs two spatial axes';
    if (shape.kernel.includes(1)) return 'the kernel extends along one axis at most already';
    return undefined;
  },
  fullRanks: (shape) => [
    Math.min(inputsPerGroup(shape) * shape.kernel[0], outputsPerGroup(shape) * shape.kernel[1]),
  ],
  factors,
  spectra: (kernel, moments) => {
    const outer = inputsPerGroup(kernel.shape) * kernel.shape.kernel[0];
    return spectraOfGroups(kernel, moments, (weights, metric) => [
      columnSpectrum(middleFirst(weights, outer), marginal(metric, outer)),
    ]);
  },
  decompose: (kernel, ranks, moments) => {
    const { shape } = kernel;
    const outer = inputsPerGroup(shape) * shape.kernel[0];
    const [rank] = ranks;
    return decomposeGroups(kernel, factors(shape, ranks), moments, (weights, metric) => {
      const [inputs, outputs] = split(middleFirst(weights, outer), rank);
      const core = middleFirst(outputs, weights.rows);
      if (!metric.gram) return [inputs, core];
      const start = { inputs, core, outputs: identity(weights.rows) };
      const steps = basisAlternation(weights, metric, start, { fixedOutputs: true });
      const fit = alternate(weights, metric, steps);
      return [fit.inputs, fit.core];
    });
  },
};

/** The halves V (rank × rows) and H (rank × columns) of the truncated decomposition A ≈ Vᵀ·H. */
function split(a: Matrix, rank: number): [Matrix, Matrix] {
  const { vectors } = leadingSubspace(a, rank);
  const [outputs, inputs] = balance(multiply(vectors, a), transpose(vectors));
  return [copyOf(transpose(inputs)), outputs];
}

function factors(shape: KernelShape, [rank]: readonly number[]): KernelShape[] {
  const { groups, kernel, strides, dilations, pads } = shape;
  const between = rank * groups;
  return [
    {
      ...shape,
      outputs: between,
      kernel: [kernel[0], 1],
      strides: [strides[0], 1],
      dilations: [dilations[0], 1],
      pads: [pads[0], 0, pads[2], 0],
    },
    {
      ...shape,
      inputs: between,
      kernel: [1, kernel[1]],
      strides: [1, strides[1]],
      dilations: [1, dilations[1]],
      pads: [0, pads[1], 0, pads[3]],
    },
  ];
}
