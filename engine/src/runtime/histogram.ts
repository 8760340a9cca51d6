/**
 * Histograms that grow with what they see. Bins are a power of two wide, and doubling the width
 * merges neighbours exactly, so the result does not depend on how the values were batched.
 */

/** What is kept of the values of one tensor. */
export interface Summary {
  /** Infinity and −Infinity where there was no value. NaN is left out. */
  readonly min: number;
  readonly max: number;
  readonly histogram?: Histogram;
}

/** Bin i counts the values in [i · width, (i + 1) · width), width = 2^exponent. */
export interface Histogram {
  readonly exponent: number;
  /** Index of the first bin, negative below zero. */
  readonly first: number;
  readonly counts: Float64Array;
}

/** The largest magnitude lies in bin 4096 to 8191, so that at least 4,096 bins cover it. */
const magnitudeBits = 13;

/** The range, and a histogram where it is wanted and the values are finite, of float32 values. */
export function summarize(values: Float32Array, bins: boolean): Summary {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const summary = { min, max };
  const magnitude = Math.max(-min, max);
  if (!bins || min > max || magnitude === Infinity) return summary;
  return { ...summary, histogram: histogramOf(values, magnitude, min, max) };
}

function histogramOf(values: Float32Array, magnitude: number, min: number, max: number): Histogram {
  const exponent = widthExponent(magnitude);
  // Powers of two scale exactly, whatever the width.
  const perWidth = 2 ** -exponent;
  const first = Math.floor(min * perWidth);
  const counts = new Uint32Array(Math.floor(max * perWidth) - first + 1);
  for (let i = 0; i < values.length; i++) counts[Math.floor(values[i] * perWidth) - first]++;
  return { exponent, first, counts: Float64Array.from(counts) };
}

function widthExponent(magnitude: number): number {
  if (!(magnitude > 0) || !Number.isFinite(magnitude)) return 0;
  // Subnormal magnitudes share the width of the smallest normal one.
  return Math.max(Math.floor(Math.log2(magnitude)), -126) - magnitudeBits + 1;
}

/** What is known of two tensors together. */
export function mergeSummaries(a: Summary, b: Summary): Summary {
  const [one, other] = [a.histogram, b.histogram];
  return {
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    histogram: one && other ? mergeHistograms(one, other) : (one ?? other),
  };
}

function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const exponent = Math.max(a.exponent, b.exponent);
  const parts = [a, b].map((each) => widened(each, exponent));
  const first = Math.min(...parts.map((each) => each.first));
  const end = Math.max(...parts.map((each) => each.first + each.counts.length));
  const counts = new Float64Array(end - first);
  for (const part of parts) {
    part.counts.forEach((count, i) => (counts[part.first - first + i] += count));
  }
  return { exponent, first, counts };
}

/** The same counts in bins 2^exponent wide, at least as wide as they are. */
export function widened(histogram: Histogram, exponent: number): Histogram {
  if (histogram.exponent === exponent) return histogram;
  const ratio = 2 ** (exponent - histogram.exponent);
  const bin = (i: number): number => Math.floor((histogram.first + i) / ratio);
  const { length } = histogram.counts;
  const first = bin(0);
  const counts = new Float64Array(bin(length - 1) - first + 1);
  histogram.counts.forEach((count, i) => (counts[bin(i) - first] += count));
  return { exponent, first, counts };
}
