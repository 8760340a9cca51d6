/** Where a convolution reads: the index arithmetic of im2col for some of its output positions. */

import { intsAttribute, stringAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';

/** Extents along the spatial axes: rows and columns of an image. */
export type Extent = readonly number[];

export interface Window {
  readonly kernel: Extent;
  readonly stride: Extent;
  readonly dilation: Extent;
  /** Padding before the first index: above and to the left. */
  readonly padding: Extent;
  readonly input: Extent;
  readonly output: Extent;
  /** True for ConvTranspose, whose strides are steps of its output. */
  readonly transposed?: boolean;
}

/**
 * The window of a Conv, or of a ConvTranspose whose padding is spelled out, given the extents it was
 * seen to work on.
 */
export function windowOf(node: Node, kernel: Extent, input: Extent, output: Extent): Window {
  const transposed = node.opType === 'ConvTranspose';
  const steps = (name: string): number[] => {
    const given = intsAttribute(node, name);
    return kernel.map((_, axis) => given?.[axis] ?? 1);
  };
  const stride = steps('strides');
  const dilation = steps('dilations');
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = intsAttribute(node, 'pads');
  const padding = kernel.map((taps, axis) => {
    if (automatic === 'VALID') return 0;
    if (automatic === 'NOTSET' || automatic === '') return pads?.[axis] ?? 0;
    const reach = (output[axis] - 1) * stride[axis] + (taps - 1) * dilation[axis] + 1;
    const total = Math.max(0, reach - input[axis]);
    return automatic === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2);
  });
  return { kernel, stride, dilation, padding, input, output, transposed };
}

/**
 * For each output position and kernel tap, row-major, the flat input position that is read, with a
 * mask that is 0 where there is none: in the padding, and between the strides of a ConvTranspose
 * (the index is then some valid one).
 */
export function patchIndices(
  window: Window,
  positions: ArrayLike<number>,
): { indices: BigInt64Array; mask: Float32Array } {
  const taps = sizeOf(window.kernel);
  const indices = new BigInt64Array(positions.length * taps);
  const mask = new Float32Array(indices.length);
  const offsets = Array.from({ length: taps }, (_, tap) => unflatten(tap, window.kernel));
  for (let p = 0, at = 0; p < positions.length; p++) {
    const position = unflatten(positions[p], window.output);
    for (let tap = 0; tap < taps; tap++, at++) {
      const read = readBy(window, position, offsets[tap]);
      if (read === undefined) continue;
      indices[at] = BigInt(read);
      mask[at] = 1;
    }
  }
  return { indices, mask };
}

/** The flat input position that one tap reads; undefined where it reads nothing. */
function readBy(
  { stride, dilation, padding, input, transposed }: Window,
  position: Extent,
  tap: Extent,
): number | undefined {
  let flat = 0;
  for (let axis = 0; axis < input.length; axis++) {
    let at = transposed
      ? position[axis] + padding[axis] - tap[axis] * dilation[axis]
      : position[axis] * stride[axis] - padding[axis] + tap[axis] * dilation[axis];
    if (transposed) {
      if (at % stride[axis] !== 0) return undefined;
      at /= stride[axis];
    }
    if (at < 0 || at >= input[axis]) return undefined;
    flat = flat * input[axis] + at;
  }
  return flat;
}

function sizeOf(extent: Extent): number {
  return extent.reduce((product, each) => product * each, 1);
}

/** The coordinates of a row-major position. */
function unflatten(position: number, extent: Extent): number[] {
  const coordinates = extent.map(() => 0);
  for (let axis = extent.length - 1, rest = position; axis >= 0; axis--) {
    coordinates[axis] = rest % extent[axis];
    rest = Math.floor(rest / extent[axis]);
  }
  return coordinates;
}
