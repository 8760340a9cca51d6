/** How a layer reads and what its factors cost: the arithmetic between a node's attributes and shapes. */

import { intAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { KernelShape } from './method';

/**
 * The shape of a convolution, its automatic padding spelled out.
 *
 * @param weight dimensions of its weight: outputs, inputs / groups, … kernel.
 * @param input spatial sizes of what it reads; undefined where they change from run to run.
 * @returns undefined where the padding depends on a size that is not known.
 */
export function convolutionShape(
  node: Node,
  weight: readonly number[],
  input: readonly (number | undefined)[],
): KernelShape | undefined {
  const [outputs, inputsPerGroup, ...kernel] = weight;
  const groups = intAttribute(node, 'group', 1);
  const strides = perAxis(intsAttribute(node, 'strides'), kernel);
  const dilations = perAxis(intsAttribute(node, 'dilations'), kernel);
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET') || 'NOTSET';
  const zeros = [...kernel, ...kernel].fill(0);
  let pads: readonly number[] | undefined;
  if (automatic === 'VALID') pads = zeros;
  else if (automatic === 'NOTSET') pads = intsAttribute(node, 'pads') ?? zeros;
  else pads = samePads(kernel, strides, dilations, input, automatic === 'SAME_LOWER');
  if (!pads) return undefined;
  const given = pads.length > 0 ? pads : zeros;
  const inputs = inputsPerGroup * groups;
  return { outputs, inputs, groups, kernel, strides, dilations, pads: given };
}

/** An empty list stands for the default, as in ONNX Runtime. */
function perAxis(list: number[] | undefined, kernel: readonly number[]): number[] {
  return list && list.length > 0 ? list : kernel.map(() => 1);
}

/** Pads so that the output has ⌈input / stride⌉ positions; the odd one goes after, or before. */
function samePads(
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  input: readonly (number | undefined)[],
  before: boolean,
): number[] | undefined {
  const totals = kernel.map((extent, axis) => {
    const reach = (extent - 1) * dilations[axis];
    // Without a stride the padding is the same for every size, and a single tap needs none.
    if (strides[axis] === 1 || reach === 0) return reach;
    const size = input[axis];
    if (size === undefined) return undefined;
    const last = (Math.ceil(size / strides[axis]) - 1) * strides[axis];
    return Math.max(0, last + reach + 1 - size);
  });
  if (totals.includes(undefined)) return undefined;
  const less = (totals as number[]).map((total) => Math.floor(total / 2));
  const more = (totals as number[]).map((total) => Math.ceil(total / 2));
  return before ? [...more, ...less] : [...less, ...more];
}

/** A dense layer as a convolution without spatial axes. */
export function denseShape(outputs: number, inputs: number): KernelShape {
  return { outputs, inputs, groups: 1, kernel: [], strides: [], dilations: [], pads: [] };
}

/** Elements of the weight. */
export function weightsOf({ outputs, inputs, groups, kernel }: KernelShape): number {
  return kernel.reduce((product, extent) => product * extent, (outputs * inputs) / groups);
}

/** Spatial sizes of what it gives for spatial sizes of what it reads. */
export function outputSizes(shape: KernelShape, input: readonly number[]): number[] {
  const { kernel, strides, dilations, pads } = shape;
  return kernel.map((extent, axis) => {
    const padded = input[axis] + pads[axis] + pads[axis + kernel.length];
    return Math.floor((padded - dilations[axis] * (extent - 1) - 1) / strides[axis]) + 1;
  });
}

/**
 * Multiply-accumulates of layers that follow one another.
 *
 * @param rows samples, or rows of a dense layer.
 * @param input spatial sizes of what the first one reads.
 */
export function chainMacs(
  chain: readonly KernelShape[],
  rows: number,
  input: readonly number[],
): number {
  let macs = 0;
  let sizes = input;
  for (const shape of chain) {
    sizes = outputSizes(shape, sizes);
    macs += sizes.reduce((product, size) => product * size, rows * weightsOf(shape));
  }
  return macs;
}
