/**
 * The gradient of a convolution with respect to its input: a convolution of dY with the flipped kernel
 * for stride 1, transposed otherwise.
 */

import { intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { GraphWriter } from '../gradient';
import type { Compound } from './compound';
import { range, reshape, transpose } from './support';
import { attributesOf, spelledWindow } from './window';

/** Inputs dY and W; `input_shape` are the sizes of the map that comes out. */
export const convolutionInputGradient: Compound = {
  write: (write, node) => {
    const [dy, weight] = node.input;
    const window = spelledWindow(node);
    const pads = padsOfTurned(node, write.shape(dy).slice(2));
    if (!pads) return transposed(write, node);
    return write.emit('Conv', [dy, flipped(write, weight, window.groups)], {
      ...attributesOf(window),
      pads,
    });
  },
};

/** The pads with which a convolution of dY gives dX; undefined where none does. */
export function padsOfTurned(node: Node, output: readonly number[]): number[] | undefined {
  const { kernel, strides, dilations, begins } = spelledWindow(node);
  const spatial = intsAttribute(node, 'input_shape') ?? [];
  const pads = kernel.map((size, axis) => dilations[axis] * (size - 1) - begins[axis]);
  // What the end needs follows from the size that has to come out.
  const ends = kernel.map((size, axis) => {
    return spatial[axis] - output[axis] - pads[axis] + dilations[axis] * (size - 1);
  });
  const all = [...pads, ...ends];
  const fits = strides.every((stride) => stride === 1) && all.every((pad) => pad >= 0);
  return fits ? all : undefined;
}

function transposed(write: GraphWriter, node: Node): string {
  const [dy, weight] = node.input;
  const window = spelledWindow(node);
  const { kernel, strides, dilations, begins } = window;
  const spatial = intsAttribute(node, 'input_shape') ?? [];
  const output = write.shape(dy).slice(2);
  const missing = kernel.map((size, axis) => {
    const reach = (output[axis] - 1) * strides[axis] + dilations[axis] * (size - 1) + 1;
    return spatial[axis] - (reach - begins[axis] - window.ends[axis]);
  });
  return write.emit('ConvTranspose', [dy, weight], {
    ...attributesOf(window),
    output_padding: missing,
  });
}

/** [K, C/g, …] → [C, K/g, …], mirrored along the spatial axes. */
function flipped(write: GraphWriter, weight: string, groups: number): string {
  const [outputs, inputs, ...kernel] = write.shape(weight);
  const axes = range(2, 2 + kernel.length).filter((axis) => kernel[axis - 2] > 1);
  const all = (value: number) => write.integers(axes.map(() => value));
  const mirrored =
    axes.length === 0
      ? weight
      : write.emit('Slice', [weight, all(-1), all(-1_000_000), write.integers(axes), all(-1)]);
  const spatial = range(3, 3 + kernel.length);
  const grouped = reshape(write, mirrored, [groups, outputs / groups, inputs, ...kernel]);
  const turned = transpose(write, grouped, [0, 2, 1, ...spatial]);
  return reshape(write, turned, [groups * inputs, outputs / groups, ...kernel]);
}
