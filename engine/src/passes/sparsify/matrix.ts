/**
 * How a layer reads its weight: as a matrix with one row for each output, whose columns are input
 * channels, each with the taps of a kernel. Sparsity patterns and input norms are defined on it.
 */

import { intAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';

export interface WeightMatrix {
  readonly outputs: number;
  /** Input channels that one output reads; those of its own group in a grouped convolution. */
  readonly channels: number;
  /** Positions of the kernel; they lie next to each other in the tensor. */
  readonly taps: number;
  /** By output: where its first weight lies in the tensor. */
  readonly origins: Int32Array;
  /** Elements from one input channel to the next. */
  readonly stride: number;
  /** By output: the first input channel that it reads. */
  readonly firstChannels: Int32Array;
}

/**
 * The matrix in input `input` of a node, given the dimensions it has there; undefined where the
 * operator is not known to multiply what it reads by that input.
 */
export function matrixOf(
  node: Node,
  input: number,
  dims: readonly number[],
): WeightMatrix | undefined {
  if (node.domain && node.domain !== 'ai.onnx') return undefined;
  switch (node.opType) {
    case 'Conv':
      return input === 1 && dims.length > 2
        ? convolution(dims, intAttribute(node, 'group', 1))
        : undefined;
    case 'ConvTranspose':
      return input === 1 && dims.length > 2
        ? transposedConvolution(dims, intAttribute(node, 'group', 1))
        : undefined;
    case 'Gemm': {
      if (input !== 1 || intAttribute(node, 'transA', 0) === 1) return undefined;
      return intAttribute(node, 'transB', 0) === 1 ? rows(dims) : columns(dims);
    }
    case 'MatMul':
      return input === 1 && dims.length > 1 ? columns(dims) : undefined;
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      // Weights of the input, then those of the state: directions × gates and units × what is read.
      return input === 1 || input === 2 ? rows(dims) : undefined;
    default:
      return undefined;
  }
}

/** Calls `visit` with the tensor positions of every weight of an output and its input channel. */
export function forEachInput(
  { channels, taps, origins, stride, firstChannels }: WeightMatrix,
  output: number,
  visit: (at: number, channel: number) => void,
): void {
  for (let c = 0; c < channels; c++) {
    const start = origins[output] + c * stride;
    for (let tap = 0; tap < taps; tap++) visit(start + tap, firstChannels[output] + c);
  }
}

/** Whether two layers read a shared weight alike. */
export function sameMatrix(a: WeightMatrix, b: WeightMatrix): boolean {
  return (
    a.channels === b.channels &&
    a.taps === b.taps &&
    a.stride === b.stride &&
    a.origins.join() === b.origins.join()
  );
}

/** [outputs, channels of a group, …kernel]. */
function convolution([outputs, channels, ...kernel]: readonly number[], groups: number) {
  const taps = product(kernel);
  return {
    outputs,
    channels,
    taps,
    stride: taps,
    origins: Int32Array.from({ length: outputs }, (_, o) => o * channels * taps),
    firstChannels: Int32Array.from(
      { length: outputs },
      (_, o) => Math.floor((o * groups) / outputs) * channels,
    ),
  };
}

/** [channels, outputs of a group, …kernel]. */
function transposedConvolution([all, width, ...kernel]: readonly number[], groups: number) {
  const taps = product(kernel);
  const channels = all / groups;
  const outputs = width * groups;
  const first = Int32Array.from({ length: outputs }, (_, o) => Math.floor(o / width) * channels);
  return {
    outputs,
    channels,
    taps,
    stride: width * taps,
    origins: first.map((channel, o) => (channel * width + (o % width)) * taps),
    firstChannels: first,
  };
}

/** […outputs, channels]. */
function rows(dims: readonly number[]): WeightMatrix {
  const channels = dims[dims.length - 1];
  const outputs = product(dims.slice(0, -1));
  return {
    outputs,
    channels,
    taps: 1,
    stride: 1,
    origins: Int32Array.from({ length: outputs }, (_, o) => o * channels),
    firstChannels: new Int32Array(outputs),
  };
}

/** […batch, channels, outputs]. */
function columns(dims: readonly number[]): WeightMatrix {
  const [channels, width] = dims.slice(-2);
  const outputs = product(dims.slice(0, -2)) * width;
  return {
    outputs,
    channels,
    taps: 1,
    stride: width,
    origins: Int32Array.from(
      { length: outputs },
      (_, o) => Math.floor(o / width) * channels * width + (o % width),
    ),
    firstChannels: new Int32Array(outputs),
  };
}

function product(extents: readonly number[]): number {
  return extents.reduce((a, b) => a * b, 1);
}
