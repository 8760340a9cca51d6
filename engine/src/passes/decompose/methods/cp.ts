/**
 * Canonical polyadic decomposition: W[n, c, i, j] ≈ Σ U[n, r]·A[r, c]·H[r, i]·V[r, j], a 1×1 layer, a
 * depthwise one along each axis, and a 1×1 layer (Lebedev et al., "Speeding-up convolutional neural
 * networks using fine-tuned CP-decomposition", ICLR 2015).
 */

import { squaredNorm, type Matrix } from '../../../linalg/matrix';
import { alternate } from '../algebra/alternate';
import {
  componentAlternation,
  composeComponents,
  initialComponents,
  type Components,
} from '../algebra/components';
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
import { marginal, subtract, weightMetric } from '../algebra/metric';
import { columnSpectrum } from '../algebra/subspace';
import { middleFirst } from '../algebra/unfold';
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

/** Components settle slowly and not always at the same place: what a layer's size permits is tried. */
const [fewestSweeps, mostSweeps] = [25, 150];
const mostStarts = 8;
const tolerance = 1e-5;
/** Multiplications to be spent on a layer, and those of a sweep for each weight and component. */
const budget = 5e8;
const multiplicationsOfSweep = 4;

/** The best fit to the weights from singular vectors or, where time permits, random starts. */
function fitComponents(weights: Matrix, extents: readonly number[], rank: number): Components {
  const affordable = Math.floor(budget / (multiplicationsOfSweep * weights.data.length * rank));
  const sweeps = Math.min(mostSweeps, Math.max(fewestSweeps, affordable));
  const starts = Math.min(mostStarts, Math.max(1, Math.floor(affordable / sweeps)));
  const fits = Array.from({ length: starts }, (_, seed) => {
    const start = initialComponents(weights, extents, rank, seed);
    const alternation = componentAlternation(weights, weightMetric, start);
    return alternate(weights, weightMetric, alternation, { sweeps, tolerance });
  });
  const losses = fits.map((each) => squaredNorm(subtract(weights, composeComponents(each))));
  return fits[losses.indexOf(Math.min(...losses))];
}
