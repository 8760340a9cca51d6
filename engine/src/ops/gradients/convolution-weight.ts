/**
 * The gradient of a convolution with respect to its weight: a matrix product of dY with the unfolded X
 * (im2col), of which there are several spellings; which is fastest depends on the shape.
 */

import type { GraphWriter } from '../gradient';
import type { Compound } from './compound';
import { product, range, reshape, sizeOf, sumOver, transpose } from './support';
import { attributesOf, padsOf, spelledWindow, type FixedWindow } from './window';

/** Above this many products of one image, [N, K, C·k²] would take more memory than X itself. */
const largeWeight = 2 ** 21;

/** Inputs X and dY. */
export const convolutionWeightGradient: Compound = {
  write: (write, node) => {
    const [x, dy] = node.input;
    const window = spelledWindow(node);
    const [outputs, inputs] = [write.shape(dy)[1], write.shape(x)[1] / window.groups];
    return gradient(write, { x, dy, window, dims: [outputs, inputs, ...window.kernel] });
  },
};

interface Convolution {
  readonly x: string;
  readonly dy: string;
  readonly window: FixedWindow;
  /** Of the weight. */
  readonly dims: readonly number[];
}

function gradient(write: GraphWriter, it: Convolution): string {
  const { dims, window } = it;
  const [outputs, inputs] = dims;
  if (window.groups > 1) return unfolded(write, it);
  const unstrided = window.strides.every((stride) => stride === 1);
  if (sizeOf(window.kernel) === 1) return pointwise(write, it);
  if (write.shape(it.x)[0] * sizeOf(dims) > largeWeight) return stacked(write, it);
  return unstrided && inputs * outputs <= 64 * 64 ? tapByTap(write, it) : unfolded(write, it);
}

/** Kernel of one element: products of channels, image by image. */
function pointwise(write: GraphWriter, it: Convolution): string {
  const { dy, dims } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const x = shifted(write, padded(write, it), it, new Array<number>(map.length).fill(0));
  const columns = reshape(write, x, [batch, write.shape(x)[1], sizeOf(map)]);
  const rows = reshape(write, dy, [batch, outputs, sizeOf(map)]);
  const products = product(write, rows, columns, { transB: true });
  return reshape(write, sumOver(write, products, [0], false), dims);
}

/** One product for each element of the kernel. */
function tapByTap(write: GraphWriter, it: Convolution): string {
  const { dy, dims, window } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const inputs = dims[1];
  const rows = reshape(write, dy, [batch, outputs, sizeOf(map)]);
  const x = padded(write, it);
  const taps = positions(window.kernel).map((tap) => {
    const columns = reshape(write, shifted(write, x, it, tap), [batch, inputs, sizeOf(map)]);
    const products = product(write, rows, columns, { transB: true });
    return reshape(write, sumOver(write, products, [0], false), [outputs, inputs, 1]);
  });
  return reshape(write, write.emit('Concat', taps, { axis: 2 }), dims);
}

/** One product over the whole batch, without an intermediate for each image. */
function stacked(write: GraphWriter, it: Convolution): string {
  const { dy, dims, window } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const inputs = dims[1];
  const first = [1, 0, ...range(2, 2 + map.length)];
  const x = padded(write, it);
  const taps = positions(window.kernel).map((tap) => {
    const moved = transpose(write, shifted(write, x, it, tap), first);
    return reshape(write, moved, [inputs, batch * sizeOf(map)]);
  });
  const columns = write.emit('Concat', taps, { axis: 0 });
  const rows = reshape(write, transpose(write, dy, first), [outputs, batch * sizeOf(map)]);
  const all = write.emit('Gemm', [rows, columns], { transB: 1 });
  const split = reshape(write, all, [outputs, sizeOf(window.kernel), inputs]);
  return reshape(write, transpose(write, split, [0, 2, 1]), dims);
}

/** Unfolds X by a convolution with one-hot kernels: any stride, any groups. */
function unfolded(write: GraphWriter, it: Convolution): string {
  const { x, dy, dims, window } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const channels = write.shape(x)[1];
  const taps = sizeOf(window.kernel);
  const oneHot = new Float32Array(channels * taps * taps);
  for (let row = 0; row < channels * taps; row++) oneHot[row * taps + (row % taps)] = 1;
  const columns = write.emit(
    'Conv',
    [x, write.floats(oneHot, [channels * taps, 1, ...window.kernel])],
    { ...attributesOf(window), group: channels },
  );
  const { groups } = window;
  const left = reshape(write, dy, [batch, groups, outputs / groups, sizeOf(map)]);
  const right = reshape(write, columns, [batch, groups, (channels / groups) * taps, sizeOf(map)]);
  const products = product(write, left, right, { transB: true });
  return reshape(write, sumOver(write, products, [0], false), dims);
}

function padded(write: GraphWriter, { x, window }: Convolution): string {
  if (padsOf(window).every((pad) => pad === 0)) return x;
  const pads = [0, 0, ...window.begins, 0, 0, ...window.ends];
  return write.emit('Pad', [x, write.integers(pads)]);
}

/** The elements of padded X that one element of the kernel meets. */
function shifted(
  write: GraphWriter,
  x: string,
  { dy, window }: Convolution,
  tap: readonly number[],
): string {
  const map = write.shape(dy).slice(2);
  const starts = tap.map((at, axis) => at * window.dilations[axis]);
  const ends = starts.map((start, axis) => start + (map[axis] - 1) * window.strides[axis] + 1);
  const whole = write.shape(x).slice(2);
  const all = starts.every((start, axis) => {
    return start === 0 && ends[axis] === whole[axis] && window.strides[axis] === 1;
  });
  if (all) return x;
  const axes = range(2, 2 + map.length);
  const lists = [starts, ends, axes, window.strides].map((list) => write.integers(list));
  return write.emit('Slice', [x, ...lists]);
}

/** All positions of a kernel, the last axis fastest. */
function positions(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (before, size) => before.flatMap((each) => range(0, size).map((at) => [...each, at])),
    [[]],
  );
}
