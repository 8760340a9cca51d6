/**
 * Leaves out the outermost 0.001 % of the values: of the magnitudes where the grid is symmetric, half
 * of it on either side otherwise (ONNX Runtime, `PercentileCalibrater`).
 */

import type { Histogram } from '../../../runtime/histogram';
import type { Calibrator } from './calibrator';

const leftOut = 1e-5;

export const percentile: Calibrator = {
  id: 'percentile',
  title: '99.999th percentile',
  doc: 'Covers all but the outermost 0.001 % of the values, which are clipped.',
  bins: true,
  range: ({ min, max, histogram }, _, { symmetric }) => {
    if (!histogram) return { min, max };
    const { low, high } = symmetric
      ? magnitudesWithin(histogram, leftOut)
      : valuesWithin(histogram, leftOut / 2);
    return { min: Math.max(low, min), max: Math.min(high, max) };
  },
};

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Outer edges of the bins that hold the value with that share of all below it, or above it. */
function valuesWithin({ exponent, first, counts }: Histogram, share: number): Bounds {
  const most = share * counts.reduce((sum, count) => sum + count, 0);
  let start = 0;
  for (let below = counts[start]; below <= most; below += counts[start]) start++;
  let end = counts.length - 1;
  for (let above = counts[end]; above <= most; above += counts[end]) end--;
  const width = 2 ** exponent;
  return { low: (first + start) * width, high: (first + end + 1) * width };
}

function magnitudesWithin(histogram: Histogram, share: number): Bounds {
  const { exponent, first, counts } = histogram;
  const magnitudes = new Float64Array(Math.max(first + counts.length, -first));
  counts.forEach((count, i) => (magnitudes[first + i < 0 ? -(first + i + 1) : first + i] += count));
  const { high } = valuesWithin({ exponent, first: 0, counts: magnitudes }, share);
  return { low: -high, high };
}
