/**
 * Groups of a convolution are layers of their own: every method solves one at a time, and its factors
 * are the groups' factors side by side.
 */

import { CoppiceError } from '../../../ir/issue';
import { matrix, type Matrix } from '../../../linalg/matrix';
import type { InputMoments, Kernel, KernelShape, Spectrum } from '../method';
import { metricOf, type Metric } from './metric';

/** Positions of the kernel. */
export function tapsOf({ kernel }: KernelShape): number {
  return kernel.reduce((product, extent) => product * extent, 1);
}

export const outputsPerGroup = ({ outputs, groups }: KernelShape): number => outputs / groups;
export const inputsPerGroup = ({ inputs, groups }: KernelShape): number => inputs / groups;

/** What a patch of one group holds: channels × positions. */
export function featuresOf(shape: KernelShape): number {
  return inputsPerGroup(shape) * tapsOf(shape);
}

/** No taps but one; no spatial axes for a dense layer. */
export function isPointwise({ kernel }: KernelShape): boolean {
  return kernel.every((extent) => extent === 1);
}

export function isDepthwise(shape: KernelShape): boolean {
  return shape.groups > 1 && inputsPerGroup(shape) === 1;
}

/** A layer of single taps on as many axes. */
export function pointwiseShape(
  { kernel }: KernelShape,
  outputs: number,
  inputs: number,
  groups: number,
): KernelShape {
  const ones = kernel.map(() => 1);
  const pads = [...ones, ...ones].fill(0);
  return { outputs, inputs, groups, kernel: ones, strides: ones, dilations: ones, pads };
}

/** One group's weights: its outputs × features, with the metric of what it reads. */
export type Solve<Result> = (weights: Matrix, metric: Metric) => Result;

/**
 * @param solve gives the weights of each factor for one group, row-major.
 * @throws CoppiceError where the weights are not finite.
 */
export function decomposeGroups(
  kernel: Kernel,
  factors: readonly KernelShape[],
  moments: InputMoments | undefined,
  solve: Solve<readonly Matrix[]>,
): Kernel[] {
  const parts = solveGroups(kernel, moments, solve);
  return factors.map((shape, i) => {
    const size = parts[0][i].data.length;
    const data = new Float32Array(size * parts.length);
    parts.forEach((part, group) => data.set(part[i].data, group * size));
    return { shape, data };
  });
}

/** Singular values over all groups, which lose the same rank: tails of squares add up. */
export function spectraOfGroups(
  kernel: Kernel,
  moments: InputMoments | undefined,
  solve: Solve<readonly Spectrum[]>,
): Spectrum[] {
  const [first, ...others] = solveGroups(kernel, moments, solve);
  return first.map((spectrum, i) => joinSpectra([spectrum, ...others.map((each) => each[i])]));
}

/** The spectrum of several matrices that are cut at the same rank. */
export function joinSpectra(spectra: readonly Spectrum[]): Spectrum {
  const [{ rows, columns, values }] = spectra;
  const joint = values.map((_, r) => Math.hypot(...spectra.map((each) => each.values[r])));
  return { rows, columns, values: joint };
}

function solveGroups<Result>(
  { shape, data }: Kernel,
  moments: InputMoments | undefined,
  solve: Solve<Result>,
): Result[] {
  if (!data.every(Number.isFinite)) {
    throw new CoppiceError(
      'weights-not-finite',
      'The weights hold NaN or infinity, which no product of smaller layers can match: leave this layer out, or repair the model first.',
    );
  }
  const [rows, columns] = [outputsPerGroup(shape), featuresOf(shape)];
  return Array.from({ length: shape.groups }, (_, group) => {
    const own = data.subarray(group * rows * columns, (group + 1) * rows * columns);
    return solve(matrix(rows, columns, Float64Array.from(own)), metricOf(columns, moments, group));
  });
}
