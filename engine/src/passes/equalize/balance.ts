/**
 * Cross-layer equalization (Nagel et al. 2019, "Data-free quantization through weight equalization and
 * bias correction", eq. 11): channel c between two layers is divided by
 *
 *   s_c = √(r¹_c / r²_c),   r¹: range of the weights that give it,   r²: of those that read it,
 *
 * which makes both ranges √(r¹ r²). Pairs take turns until no scale moves. A depthwise layer belongs to
 * two pairs, and there this ends where the closed form for three layers is: all at ∛(r¹ r² r³).
 *
 * Where one of the two ranges is zero nothing can be balanced, but the other one is brought down to what
 * is usual: folding BatchNormalization may make the weights of a dead channel the largest of all, which
 * alone would then decide how coarse the steps of the layer are.
 */

import type { ChannelRanges } from '../rescale/ranges';

/** A source and the layers that read its channels. */
export interface Pair {
  readonly source: ChannelRanges;
  readonly readers: readonly { readonly ranges: ChannelRanges; readonly features: number }[];
  /** What the factor of each channel must stay between, 1 being as it was; any where absent. */
  readonly limits?: Limits;
}

export interface Limits {
  readonly least: Float64Array;
  readonly most: Float64Array;
}

/** Moves of all scales below this share of themselves are none. */
const tolerance = 1e-4;
const mostSweeps = 200;

/** Finds factors for the layers of all pairs, kept in their ranges, and gives the sweeps it took. */
export function balance(pairs: readonly Pair[], signal: AbortSignal): number {
  for (let sweep = 1; sweep <= mostSweeps; sweep++) {
    let moved = 0;
    for (const pair of pairs) {
      signal.throwIfAborted();
      moved = Math.max(moved, balancePair(pair));
    }
    if (moved < tolerance) return sweep;
  }
  return mostSweeps;
}

/** The largest |ln s|. */
function balancePair({ source, readers, limits }: Pair): number {
  const given = source.ofOutputs();
  const read = rangesRead(readers, given.length);
  const level = levelOf(given, read, limits);
  const channels = [...given.keys()];
  let moved = 0;
  const multiply = (channel: number, by: number): void => {
    const before = source.outputFactors[channel];
    // What nothing reads may be bounded anywhere.
    const factor =
      limits && read[channel] > 0
        ? Math.min(Math.max(by * before, limits.least[channel]), limits.most[channel])
        : by * before;
    const scale = before / factor;
    given[channel] /= scale;
    read[channel] *= scale;
    source.outputFactors[channel] = factor;
    for (const { ranges, features } of readers) {
      for (let f = 0; f < features; f++) ranges.inputFactors[channel * features + f] *= scale;
    }
    moved = Math.max(moved, Math.abs(Math.log(scale)));
  };
  const live = channels.filter((channel) => given[channel] > 0 && read[channel] > 0);
  if (live.length === 0) return 0;
  for (const channel of live) multiply(channel, level * Math.sqrt(read[channel] / given[channel]));
  const usual = live.map((channel) => given[channel]).sort((a, b) => a - b)[live.length >> 1];
  const mostRead = live.reduce((most, channel) => Math.max(most, read[channel]), 0);
  for (const channel of channels) {
    if (read[channel] === 0 && given[channel] > usual) multiply(channel, usual / given[channel]);
    // The constant that it gives grows, so no more than must be.
    if (given[channel] === 0 && read[channel] > mostRead)
      multiply(channel, read[channel] / mostRead);
  }
  return moved;
}

/** Largest weights that read each channel. */
export function rangesRead(readers: Pair['readers'], channels: number): Float64Array {
  const most = new Float64Array(channels);
  for (const { ranges, features } of readers) {
    ranges.ofInputs().forEach((range, i) => {
      const channel = Math.floor(i / features);
      if (range > most[channel]) most[channel] = range;
    });
  }
  return most;
}

/** All channels may be scaled alike for nothing; those that are fixed say by how much. */
function levelOf(given: Float64Array, read: Float64Array, limits: Limits | undefined): number {
  let [sum, count] = [0, 0];
  limits?.least.forEach((least, channel) => {
    if (least < limits.most[channel] || !(given[channel] > 0 && read[channel] > 0)) return;
    sum += Math.log(given[channel] / read[channel]) / 2;
    count++;
  });
  return count === 0 ? 1 : Math.exp(sum / count);
}
