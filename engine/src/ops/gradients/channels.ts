/**
 * What normalizations compute by channel. x, y [N, C, …]; a, b, c [C]:
 *
 *     ChannelSum(x)                = Σ x over the batch and the map, [C]
 *     ChannelDot(x, y)             = Σ x · y, [C]
 *     ChannelAffine(x, a, b)       = a · x + b
 *     ChannelBlend(x, y, a, b, c)  = a · x + b · y + c
 */

import type { GraphWriter } from '../gradient';
import type { Compound } from './compound';
import { compound, product, range, reshape, sizeOf, sumOver } from './support';

const sum: Compound = {
  write: (write, { input: [x] }) => {
    const axes = range(0, write.shape(x).length).filter((axis) => axis !== 1);
    return sumOver(write, x, axes, false);
  },
};

/** Products of rows, which the runtime computes fast. */
const dot: Compound = {
  write: (write, { input: [x, y] }) => {
    const [batch, channels, ...map] = write.shape(x);
    const rows = [batch * channels, 1, sizeOf(map)];
    const dots = product(write, reshape(write, x, rows), reshape(write, y, rows), {
      transB: true,
    });
    return sumOver(write, reshape(write, dots, [batch, channels]), [0], false);
  },
};

/** The normalization by mean 0 and variance 1: one pass over the values instead of two. */
const affine: Compound = {
  write: (write, { input: [x, a, b] }) => {
    const channels = write.shape(x)[1];
    const [zeros, ones] = [0, 1].map((value) => {
      return write.floats(new Float32Array(channels).fill(value), [channels]);
    });
    return write.emit('BatchNormalization', [x, a, b, zeros, ones], { epsilon: { f: 0 } });
  },
};

const blend: Compound = {
  write: (write, { input: [x, y, a, b, c] }) => {
    const zero = write.floats(new Float32Array(write.shape(x)[1]), [write.shape(x)[1]]);
    return write.emit('Add', [channelAffine(write, x, a, c), channelAffine(write, y, b, zero)]);
  },
};

export const channelCompounds: Readonly<Record<string, Compound>> = {
  ChannelSum: sum,
  ChannelDot: dot,
  ChannelAffine: affine,
  ChannelBlend: blend,
};

export function channelSum(write: GraphWriter, x: string): string {
  return compound(write, 'ChannelSum', [x]);
}

export function channelDot(write: GraphWriter, x: string, y: string): string {
  return compound(write, 'ChannelDot', [x, y]);
}

export function channelAffine(write: GraphWriter, x: string, a: string, b: string): string {
  return compound(write, 'ChannelAffine', [x, a, b]);
}

export function channelBlend(
  write: GraphWriter,
  [x, y]: readonly [string, string],
  [a, b, c]: readonly [string, string, string],
): string {
  return compound(write, 'ChannelBlend', [x, y, a, b, c]);
}
