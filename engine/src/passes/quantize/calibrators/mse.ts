/**
 * The range of least expected squared error, E[(x − Q(x))²], rounding inside and clipping outside
 * weighed against each other (as AIMET's "TF-enhanced" and TensorRT's MSE calibrators do).
 *
 * Values are taken as spread evenly over their bin, for which the error has a closed form: with step s
 * and nearest code k in use, x = k s + r, the integral of the squared error is F(x) = k s³/12 + r³/3,
 * and bin [a, b) of c values costs c (F(b) − F(a)) / (b − a), whether it lies inside or outside.
 */

import { widened, type Histogram } from '../../../runtime/histogram';
import { gridOf, type GridOptions, type Range } from '../grid';
import type { QuantizedType } from '../quantized-type';
import type { Calibrator } from './calibrator';

export const mse: Calibrator = {
  id: 'mse',
  title: 'Least squared error',
  doc: 'Clips where that costs less than the finer steps gain: the range of least mean squared error.',
  bins: true,
  range: ({ min, max, histogram }, type, options) =>
    histogram ? leastError(histogram, { min, max }, type, options) : { min, max },
};

/** The error of the best common shrink of both ends, improved by moving one end at a time. */
function leastError(
  histogram: Histogram,
  seen: Range,
  type: QuantizedType,
  options: GridOptions,
): Range {
  const bins = coarsened(histogram);
  let best = seen;
  let least = Infinity;
  const attempt = (low: number, high: number): boolean => {
    const range = { min: Math.max(low, seen.min), max: Math.min(high, seen.max) };
    const error = expectedError(bins, range, type, options);
    const isBetter = error < least;
    if (isBetter) [best, least] = [range, error];
    return isBetter;
  };
  for (let eighths = 0; eighths <= 48; eighths++) {
    const share = 2 ** (-eighths / 8);
    attempt(seen.min * share, seen.max * share);
  }
  for (let step = 0.08; step > 0.005; step /= 2) {
    for (let moved = true; moved;) {
      moved = false;
      for (const factor of [1 - step, 1 + step]) {
        moved ||= attempt(best.min * factor, best.max);
        moved ||= attempt(best.min, best.max * factor);
      }
    }
  }
  // By all bins, what was found may be a hair worse than what was seen.
  const whole = expectedError(histogram, seen, type, options);
  return expectedError(histogram, best, type, options) < whole ? best : seen;
}

/** A quarter of the bins, still four and more for each step of eight bits, serves the search as well. */
function coarsened(histogram: Histogram): Histogram {
  return widened(histogram, histogram.exponent + 2);
}

/** Mean squared error of the values under the grid of a range. */
export function expectedError(
  { exponent, first, counts }: Histogram,
  range: Range,
  type: QuantizedType,
  options: GridOptions,
): number {
  const grid = gridOf([range], type, options);
  const scale = grid.scale[0];
  const [least, most] = [grid.min - grid.zeroPoint[0], grid.max - grid.zeroPoint[0]];
  const stepError = scale ** 3 / 12;
  const width = 2 ** exponent;
  const integral = (x: number): number => {
    const nearest = Math.round(x / scale);
    const code = nearest < least ? least : nearest > most ? most : nearest;
    const rest = x - code * scale;
    return code * stepError + (rest * rest * rest) / 3;
  };
  let sum = 0;
  let total = 0;
  let edge = NaN;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) {
      edge = NaN;
      continue;
    }
    const before = Number.isNaN(edge) ? integral((first + i) * width) : edge;
    edge = integral((first + i + 1) * width);
    sum += counts[i] * (edge - before);
    total += counts[i];
  }
  return sum / width / total;
}
