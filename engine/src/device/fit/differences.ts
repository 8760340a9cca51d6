/**
 * How devices differ, as the fit on all published ones found it: the covariance of their log rates, and
 * how far off estimates were for a device that was left out and of which a few models were timed
 * (`bench/device/anchors.ts`).
 */

import file from './devices-differ.json';

export interface Differences {
  /** Classes, then `memory` and `overhead`. */
  readonly rates: readonly string[];
  /** In that order, row-major. */
  readonly covariance: readonly number[];
  /** 80 % of log measured over estimated, with the number of models that were timed. */
  readonly intervals: readonly {
    readonly anchors: number;
    readonly q10: number;
    readonly q90: number;
  }[];
}

export const differences: Readonly<Record<'cpu' | 'vulkan', Differences>> = file;

/** Variance of the log rate of a class that was fitted on no device. */
const unknownVariance = 1;

/** The covariance for some of the rates, row-major. */
export function covarianceOf(
  { rates, covariance }: Differences,
  chosen: readonly string[],
): Float64Array {
  const places = chosen.map((name) => rates.indexOf(name));
  return Float64Array.from({ length: chosen.length ** 2 }, (_, k) => {
    const [i, j] = [Math.floor(k / chosen.length), k % chosen.length];
    if (places[i] < 0 || places[j] < 0) return i === j ? unknownVariance : 0;
    return covariance[places[i] * rates.length + places[j]];
  });
}

/** The interval to expect with this many timed models. */
export function anchoredInterval({ intervals }: Differences, anchors: number) {
  return intervals.findLast((each) => each.anchors <= anchors) ?? intervals[0];
}
