/**
 * The range that loses least information: min KL(P‖Q) over windows of the histogram (S. Migacz, 8-bit
 * inference with TensorRT, GTC 2017).
 *
 * P is the window with what lies outside added to its outermost bins. Q is the window alone, merged to
 * as many levels as the type has and spread evenly over those bins of a level that P fills. Where P
 * has mass and Q none the divergence is infinite, so that nothing is clipped to a level without data.
 *
 * Exact zeros, half of all values behind a ReLU, are not spread by any grid; what the bin at zero has
 * more than its neighbours is left out, as TensorRT's calibrators do. Without that, the finest levels
 * win whatever they clip.
 *
 * Within a level Q is constant, so KL needs one logarithm for each level and prefix sums of the rest:
 * with counts c of all N values, of which M lie inside, and levels of s values in z filled bins,
 *
 *     N · KL = Σ c log c − Σ s log(s / z) + N log(M / N)    (c and s with what was clipped)
 */

import type { Histogram } from '../../../runtime/histogram';
import { codesOf } from '../grid';
import type { Calibrator } from './calibrator';

/** Windows that are tried for each side. */
const candidates = 128;

export const entropy: Calibrator = {
  id: 'entropy',
  title: 'Least loss of information',
  doc: 'Clips where the divergence (Kullback-Leibler) between the values and what the codes tell of them is least, over 4,096 bins and more.',
  bins: true,
  range: ({ min, max, histogram }, type, options) => {
    const { min: least, max: most } = codesOf(type, options);
    if (!histogram) return { min, max };
    const { start, end, width } = leastDivergence(histogram, most - least + 1, options.symmetric);
    return { min: Math.max(start * width, min), max: Math.min(end * width, max) };
  },
};

/** Bins [start, end) counted from zero, which always lies between them. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** The best window by one side after the other; the widest one where the bins are too few to judge. */
function leastDivergence(
  histogram: Histogram,
  levels: number,
  symmetric: boolean,
): Window & { width: number } {
  const { exponent, first, counts } = histogram;
  const divergence = divergences(withoutZeros(histogram), levels);
  const whole = { start: Math.min(first, 0), end: Math.max(first + counts.length, 0) };
  let best: Window = whole;
  let least = divergence(best);
  const attempt = (window: Window): void => {
    if (window.end - window.start < levels) return;
    const lost = divergence(window);
    if (lost < least) [best, least] = [window, lost];
  };
  if (symmetric) {
    const most = Math.max(-whole.start, whole.end);
    for (const size of sizes(most)) attempt({ start: -size, end: size });
  } else {
    for (let round = 0; round < 2; round++) {
      for (const end of sizes(whole.end)) attempt({ start: best.start, end });
      for (const size of sizes(-whole.start)) attempt({ start: -size, end: best.end });
    }
  }
  return { ...best, width: 2 ** exponent };
}

function withoutZeros({ exponent, first, counts }: Histogram): Histogram {
  const level = counts.slice();
  const neighbours = [counts[-first - 1] ?? 0, counts[-first + 1] ?? 0];
  level[-first] = Math.min(counts[-first], Math.max(...neighbours));
  return { exponent, first, counts: level };
}

/** Sizes up to the given one, the largest first. */
function sizes(most: number): number[] {
  const step = Math.max(1, Math.floor(most / candidates));
  return Array.from({ length: Math.ceil(most / step) }, (_, i) => most - i * step);
}

/** KL(P‖Q) of any window. */
export function divergences(
  { first, counts }: Histogram,
  levels: number,
): (window: Window) => number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const before = prefixSums(counts, (count) => count);
  const filled = prefixSums(counts, (count) => Number(count > 0));
  const logs = prefixSums(counts, nLogN);
  const within = (sums: Float64Array, start: number, end: number): number =>
    sums[clamp(end - first, counts.length)] - sums[clamp(start - first, counts.length)];
  const countAt = (bin: number): number => counts[bin - first] ?? 0;
  return ({ start, end }) => {
    const bins = end - start;
    const inside = within(before, start, end);
    const [below, above] = [
      before[clamp(start - first, counts.length)],
      total - before[clamp(end - first, counts.length)],
    ];
    const [low, high] = [countAt(start), countAt(end - 1)];
    let sum =
      within(logs, start, end) -
      nLogN(low) +
      nLogN(low + below) -
      nLogN(high) +
      nLogN(high + above);
    for (let level = 0; level < levels; level++) {
      const from = start + Math.floor((level * bins) / levels);
      const to = start + Math.floor(((level + 1) * bins) / levels);
      const values = within(before, from, to);
      const added = (level === 0 ? below : 0) + (level === levels - 1 ? above : 0);
      if (values + added === 0) continue;
      if (values === 0) return Infinity;
      let spread = within(filled, from, to);
      if (level === 0 && low === 0 && below > 0) spread++;
      if (level === levels - 1 && high === 0 && above > 0) spread++;
      sum -= (values + added) * Math.log(values / spread);
    }
    return sum / total + Math.log(inside / total);
  };
}

function prefixSums(counts: Float64Array, of: (count: number) => number): Float64Array {
  const sums = new Float64Array(counts.length + 1);
  counts.forEach((count, i) => (sums[i + 1] = sums[i] + of(count)));
  return sums;
}

function nLogN(n: number): number {
  return n > 0 ? n * Math.log(n) : 0;
}

function clamp(index: number, most: number): number {
  return index < 0 ? 0 : index > most ? most : index;
}
