/**
 * Conv and ConvTranspose with any number of spatial axes. X [N, C, …], W [K, C/g, …k], dY [N, K, …].
 *
 * dX is a convolution again: with the flipped kernel for stride 1, transposed otherwise. dW is a
 * matrix product of dY with the unfolded X (im2col), of which there are several spellings; which is
 * fastest depends on the shape.
 */

import type { BackwardContext, Gradient, GraphWriter } from '../gradient';
import { product, range, reshape, sizeOf, sumOver, transpose } from './support';
import { fixedWindow, padsOf, type FixedWindow } from './window';

/** One convolution by its values: `x` and `dy` may change places for a transposed one. */
interface Convolution {
  readonly x: string;
  readonly weight: string;
  readonly dy: string;
  readonly window: FixedWindow;
}

const conv: Gradient = {
  backward: (context) => {
    const { node, write, gradient, wants, give } = context;
    const [x, weight] = node.input;
    const dy = gradient(0)!;
    const window = windowFor(context, weight, x, node.output[0]);
    const it = { x, weight, dy, window };
    if (wants(0)) give(0, inputGradient(write, it));
    if (wants(1)) give(1, weightGradient(write, it));
    giveBias(context, dy);
  },
};

/** The roles of X and dY are exchanged: the forward pass is the dX of a convolution. */
const convTranspose: Gradient = {
  backward: (context) => {
    const { node, write, gradient, wants, give } = context;
    const [x, weight] = node.input;
    const dy = gradient(0)!;
    const window = windowFor(context, weight, node.output[0], x);
    if (wants(0)) {
      give(0, write.emit('Conv', [dy, weight], attributesOf(window)));
    }
    if (wants(1)) give(1, weightGradient(write, { x: dy, weight, dy: x, window }));
    giveBias(context, dy);
  },
};

function windowFor({ node, write }: BackwardContext, weight: string, x: string, y: string) {
  const spatial = (value: string) => write.shape(value).slice(2);
  return fixedWindow(node, spatial(weight), spatial(x), spatial(y));
}

function giveBias({ node, write, wants, give }: BackwardContext, dy: string): void {
  if (!node.input[2] || !wants(2)) return;
  const axes = range(0, write.shape(dy).length).filter((axis) => axis !== 1);
  give(2, sumOver(write, dy, axes, false));
}

function attributesOf(window: FixedWindow) {
  return {
    kernel_shape: [...window.kernel],
    strides: [...window.strides],
    dilations: [...window.dilations],
    pads: padsOf(window),
    group: window.groups,
  };
}

function inputGradient(write: GraphWriter, it: Convolution): string {
  const { x, weight, dy, window } = it;
  const { kernel, strides, dilations, begins, groups } = window;
  const pads = kernel.map((size, axis) => dilations[axis] * (size - 1) - begins[axis]);
  const spatial = write.shape(x).slice(2);
  const output = write.shape(dy).slice(2);
  if (strides.every((stride) => stride === 1) && pads.every((pad) => pad >= 0)) {
    // What the end needs follows from the size that has to come out.
    const ends = kernel.map((size, axis) => {
      return spatial[axis] - output[axis] - pads[axis] + dilations[axis] * (size - 1);
    });
    if (ends.every((pad) => pad >= 0)) {
      return write.emit('Conv', [dy, flipped(write, weight, groups)], {
        ...attributesOf(window),
        pads: [...pads, ...ends],
      });
    }
  }
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

/** Above this many products of one image, [N, K, C·k²] would take more memory than X itself. */
const largeWeight = 2 ** 21;

function weightGradient(write: GraphWriter, it: Convolution): string {
  const { weight, window } = it;
  const [outputs, inputs] = write.shape(weight);
  if (window.groups > 1) return unfolded(write, it);
  const unstrided = window.strides.every((stride) => stride === 1);
  if (sizeOf(window.kernel) === 1) return pointwise(write, it);
  if (write.shape(it.x)[0] * sizeOf(write.shape(weight)) > largeWeight) return stacked(write, it);
  return unstrided && inputs * outputs <= 64 * 64 ? tapByTap(write, it) : unfolded(write, it);
}

/** Kernel of one element: products of channels, image by image. */
function pointwise(write: GraphWriter, it: Convolution): string {
  const { dy, weight } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const x = shifted(write, padded(write, it), it, new Array<number>(map.length).fill(0));
  const columns = reshape(write, x, [batch, write.shape(x)[1], sizeOf(map)]);
  const rows = reshape(write, dy, [batch, outputs, sizeOf(map)]);
  const products = product(write, rows, columns, { transB: true });
  return reshape(write, sumOver(write, products, [0], false), write.shape(weight));
}

/** One product for each element of the kernel. */
function tapByTap(write: GraphWriter, it: Convolution): string {
  const { dy, weight, window } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const inputs = write.shape(weight)[1];
  const rows = reshape(write, dy, [batch, outputs, sizeOf(map)]);
  const x = padded(write, it);
  const taps = positions(window.kernel).map((tap) => {
    const columns = reshape(write, shifted(write, x, it, tap), [batch, inputs, sizeOf(map)]);
    const products = product(write, rows, columns, { transB: true });
    return reshape(write, sumOver(write, products, [0], false), [outputs, inputs, 1]);
  });
  return reshape(write, write.emit('Concat', taps, { axis: 2 }), write.shape(weight));
}

/** One product over the whole batch, without an intermediate for each image. */
function stacked(write: GraphWriter, it: Convolution): string {
  const { dy, weight, window } = it;
  const [batch, outputs, ...map] = write.shape(dy);
  const inputs = write.shape(weight)[1];
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
  return reshape(write, transpose(write, split, [0, 2, 1]), write.shape(weight));
}

/** Unfolds X by a convolution with one-hot kernels: any stride, any groups. */
function unfolded(write: GraphWriter, it: Convolution): string {
  const { x, dy, weight, window } = it;
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
  return reshape(write, sumOver(write, products, [0], false), write.shape(weight));
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

export const convolutionGradients: Readonly<Record<string, Gradient>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
};
