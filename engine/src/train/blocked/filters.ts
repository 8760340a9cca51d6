/**
 * Weights in the layouts that blocked convolutions read; b channels make a block. The reordering of
 * values does most of the work, because it is the one transposition of the runtime that is fast: it
 * takes [N, C, …] to [N, C/b, …, b]. What is left moves whole blocks.
 */

import { range, reshape, sizeOf, transpose } from '../../ops/gradients/support';
import type { BlockedWriter } from './blocked-builder';

/** [K, C, …k] → [K/b, C/b, …k, b, b], input channels before output channels. */
export function denseFilter(write: BlockedWriter, weight: string): string {
  const { block } = write;
  const [outputs, inputs, ...kernel] = write.shape(weight);
  const [k, c, taps] = [write.whole(outputs), write.whole(inputs), sizeOf(kernel)];
  const whole = padded(write, weight, k, c);
  const rows = reshape(write, whole, [k / block, block, c * taps, 1]);
  const byOutput = write.emitBlocked('ReorderInput', [rows], [k / block, block, c * taps, 1]);
  const parts = reshape(write, byOutput, [k / block, c / block, block, taps, block]);
  const moved = taps === 1 ? parts : transpose(write, parts, [0, 1, 3, 2, 4]);
  return reshape(write, moved, [k, c, ...kernel]);
}

/** [K, C, …k] with fewer inputs than a block, which are not blocked: [K/b, C, …k, b]. */
export function fewInputsFilter(write: BlockedWriter, weight: string): string {
  const { block } = write;
  const [outputs, inputs, ...kernel] = write.shape(weight);
  const k = write.whole(outputs);
  const dims = [k / block, block, inputs * sizeOf(kernel), 1];
  const rows = reshape(write, padded(write, weight, k, inputs), dims);
  const byOutput = write.emitBlocked('ReorderInput', [rows], dims);
  return reshape(write, byOutput, [k, inputs, ...kernel]);
}

/** The filter of the convolution that takes dY to dX: of each group [C/b, K/b, …k turned, b, b]. */
export function turnedFilter(write: BlockedWriter, weight: string, groups: number): string {
  const { block } = write;
  const [outputs, inputs, ...kernel] = write.shape(weight);
  const [k, c, taps] = [write.whole(outputs), write.whole(inputs), sizeOf(kernel)];
  const dims = [k, c, taps, 1];
  const rows = reshape(write, padded(write, weight, k, c), dims);
  const byInput = write.emitBlocked('ReorderInput', [rows], dims);
  const parts = [groups, k / groups / block, block, c / block, taps, block];
  const moved = transpose(write, reshape(write, byInput, parts), [0, 3, 1, 4, 2, 5]);
  return reshape(write, reversed(write, moved, 3), [groups * c, k / groups, ...kernel]);
}

/** [C, 1, …k] → [C/b, …k, b]; turned for dX. */
export function depthwiseFilter(write: BlockedWriter, weight: string, turned: boolean): string {
  const { block } = write;
  const [channels, , ...kernel] = write.shape(weight);
  const [c, taps] = [write.whole(channels), sizeOf(kernel)];
  const rows = reshape(write, padded(write, weight, c, 1), [1, c, taps, 1]);
  const ordered = write.emitBlocked('ReorderInput', [rows], [1, c, taps, 1]);
  const parts = reshape(write, ordered, [c / block, taps, block]);
  return reshape(write, turned ? reversed(write, parts, 1) : parts, [c, 1, ...kernel]);
}

/** A vector over channels, with zeros up to whole blocks. */
export function wholeVector(write: BlockedWriter, vector: string): string {
  const [size] = write.shape(vector);
  const more = write.whole(size) - size;
  return more === 0 ? vector : write.emit('Pad', [vector, write.integers([0, more])]);
}

function padded(write: BlockedWriter, weight: string, outputs: number, inputs: number): string {
  const [k, c, ...kernel] = write.shape(weight);
  if (outputs === k && inputs === c) return weight;
  const none = kernel.map(() => 0);
  return write.emit('Pad', [
    weight,
    write.integers([0, 0, ...none, outputs - k, inputs - c, ...none]),
  ]);
}

/** Both axes of a kernel turned around are its elements in the opposite order. */
function reversed(write: BlockedWriter, value: string, axis: number): string {
  const taps = write.shape(value)[axis];
  if (taps === 1) return value;
  return write.emit('Gather', [value, write.integers(range(0, taps).reverse())], { axis });
}
