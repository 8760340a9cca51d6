/** Where a convolution reads: the index arithmetic of im2col for some of its output positions. */

import { intsAttribute, stringAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';

/** Extents in rows and columns. */
export type Extent = readonly [height: number, width: number];

export interface Window {
  readonly kernel: Extent;
  readonly stride: Extent;
  readonly dilation: Extent;
  /** Padding above and to the left. */
  readonly padding: Extent;
  readonly input: Extent;
  readonly output: Extent;
}

/** The window of a two-dimensional convolution, given the extents it was seen to work on. */
export function windowOf(node: Node, kernel: Extent, input: Extent, output: Extent): Window {
  const pair = (name: string): Extent => {
    const [height = 1, width = 1] = intsAttribute(node, name) ?? [];
    return [height, width];
  };
  const stride = pair('strides');
  const dilation = pair('dilations');
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const padding = [0, 1].map((axis) => {
    if (automatic === 'VALID') return 0;
    if (automatic === 'NOTSET' || automatic === '') return pads[axis];
    const reach = (output[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
    const total = Math.max(0, reach - input[axis]);
    return automatic === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2);
  });
  return { kernel, stride, dilation, padding: [padding[0], padding[1]], input, output };
}

/**
 * For each output position and kernel tap, row-major, the flat input position that is read, with a
 * mask that is 0 where it lies in the padding (the index is then some valid one).
 */
export function patchIndices(
  window: Window,
  positions: ArrayLike<number>,
): { indices: BigInt64Array; mask: Float32Array } {
  const { kernel, stride, dilation, padding, input, output } = window;
  const taps = kernel[0] * kernel[1];
  const indices = new BigInt64Array(positions.length * taps);
  const mask = new Float32Array(indices.length);
  for (let p = 0, at = 0; p < positions.length; p++) {
    const top = Math.floor(positions[p] / output[1]) * stride[0] - padding[0];
    const left = (positions[p] % output[1]) * stride[1] - padding[1];
    for (let tap = 0; tap < taps; tap++, at++) {
      const y = top + Math.floor(tap / kernel[1]) * dilation[0];
      const x = left + (tap % kernel[1]) * dilation[1];
      if (y < 0 || y >= input[0] || x < 0 || x >= input[1]) continue;
      indices[at] = BigInt(y * input[1] + x);
      mask[at] = 1;
    }
  }
  return { indices, mask };
}
