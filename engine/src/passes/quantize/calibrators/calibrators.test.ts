import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mergeSummaries,
  summarize,
  type Histogram,
  type Summary,
} from '../../../runtime/histogram';
import { seededRandom } from '../../../linalg/random';
import { codeOf, decode, encode, gridOf, type GridOptions, type Range } from '../grid';
import { quantizedType, quantizedTypes } from '../quantized-type';
import { divergences, entropy } from './entropy';
import { calibrators } from './index';
import { movingAverage } from './moving-average';
import { expectedError, mse } from './mse';
import { percentile } from './percentile';

const uint8 = quantizedType('uint8');
const int8 = quantizedType('int8');
const asymmetric: GridOptions = { symmetric: false };

/** Normally distributed with a few values far out, or the positive part of that. */
function sample(seed: number, positive: boolean, outlier: number, count = 20_000): Float32Array {
  const random = seededRandom(seed);
  const values = Float32Array.from({ length: count }, () => random.normal());
  for (let i = 0; i < 5; i++) values[i * 100] = outlier * (1 + i / 10);
  return positive ? values.map((value) => Math.max(value, 0)) : values;
}

const samples = fc
  .record({
    seed: fc.nat(1000),
    positive: fc.boolean(),
    outlier: fc.constantFrom(-30, -2, 0, 5, 40),
  })
  .map(({ seed, positive, outlier }) => sample(seed, positive, outlier, 3000));

const rangeOptions = fc.record({
  type: fc.constantFrom(...quantizedTypes.filter(({ bits }) => bits >= 8)),
  symmetric: fc.boolean(),
});

describe.each(calibrators)('$id', (calibrator) => {
  it('gives a range within what was seen, and a grid that holds zero', () => {
    fc.assert(
      fc.property(samples, rangeOptions, (values, { type, symmetric }) => {
        const summary = summarize(values, calibrator.bins);
        const range = calibrator.range(summary, type, { symmetric });
        expect(range.min).toBeGreaterThanOrEqual(summary.min);
        expect(range.max).toBeLessThanOrEqual(summary.max);
        const grid = gridOf([range], type, { symmetric });
        expect(decode([codeOf(grid, 0)], [1], grid)[0]).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['nothing', []],
    ['zeros alone', [0, 0, 0]],
    ['one value', [3.5]],
    ['one negative value', [-1e-30]],
  ])('has a grid for %s', (_, values) => {
    const summary = summarize(Float32Array.from(values), calibrator.bins);
    const grid = gridOf([calibrator.range(summary, uint8, asymmetric)], uint8, asymmetric);
    expect(grid.scale[0]).toBeGreaterThan(0);
    expect(Number.isFinite(grid.scale[0])).toBe(true);
  });

  it('does not depend on the batches, unless it says so', () => {
    if (calibrator.batchSize !== undefined) return;
    const values = sample(3, false, 30);
    const whole = summarize(values, calibrator.bins);
    const parts = [0, 1, 2, 3]
      .map((i) => summarize(values.subarray(i * 5000, (i + 1) * 5000), calibrator.bins))
      .reduce(mergeSummaries);
    expect(calibrator.range(parts, uint8, asymmetric)).toEqual(
      calibrator.range(whole, uint8, asymmetric),
    );
  });
});

describe('moving-average', () => {
  const batches = (count: number): Summary[] =>
    Array.from({ length: count }, (_, i) => ({ min: -i, max: (i * 7) % 5 }));
  const foldAll = (all: readonly Summary[]): Summary =>
    all.reduce<Summary | undefined>(
      (soFar, each, i) => movingAverage.fold!(soFar, each, i + 1),
      undefined,
    )!;

  it('is the mean of the first hundred batches', () => {
    const all = batches(100);
    const mean = (of: (each: Summary) => number): number =>
      all.reduce((sum, each) => sum + of(each), 0) / all.length;
    const { min, max } = foldAll(all);
    expect(min).toBeCloseTo(
      mean((each) => each.min),
      10,
    );
    expect(max).toBeCloseTo(
      mean((each) => each.max),
      10,
    );
  });

  it('moves by 1 % from there on', () => {
    const before = foldAll(batches(150));
    const after = movingAverage.fold!(before, { min: -1000, max: 1000 }, 151);
    expect(after.min).toBeCloseTo(0.99 * before.min - 10, 10);
    expect(after.max).toBeCloseTo(0.99 * before.max + 10, 10);
  });
});

describe('percentile', () => {
  it('leaves out five values of a million on each side, up to a bin', () => {
    const random = seededRandom(1);
    const values = Float32Array.from({ length: 1_000_000 }, () => random.normal());
    const { min, max } = percentile.range(summarize(values, true), uint8, asymmetric);
    const sorted = values.toSorted();
    const bin = 2 ** summarize(values, true).histogram!.exponent;
    expect(Math.abs(min - sorted[5])).toBeLessThanOrEqual(bin);
    expect(Math.abs(max - sorted[sorted.length - 6])).toBeLessThanOrEqual(bin);
  });

  it('leaves out ten magnitudes of a million for a symmetric grid', () => {
    const random = seededRandom(2);
    const values = Float32Array.from({ length: 1_000_000 }, () => random.normal());
    const { min, max } = percentile.range(summarize(values, true), int8, { symmetric: true });
    const magnitudes = values.map(Math.abs).sort();
    const bin = 2 ** summarize(values, true).histogram!.exponent;
    expect(Math.abs(max - magnitudes[magnitudes.length - 11])).toBeLessThanOrEqual(bin);
    expect(min).toBe(-max);
  });
});

describe('entropy', () => {
  /** As the method is described: build P and Q, then sum over the bins. */
  function bruteForce(
    { first, counts }: Histogram,
    start: number,
    end: number,
    levels: number,
  ): number {
    const at = (bin: number): number => counts[bin - first] ?? 0;
    const size = end - start;
    const inside = Array.from({ length: size }, (_, i) => at(start + i));
    const p = [...inside];
    counts.forEach((count, i) => {
      if (first + i < start) p[0] += count;
      if (first + i >= end) p[size - 1] += count;
    });
    const q = new Array<number>(size).fill(0);
    for (let level = 0; level < levels; level++) {
      const bins = Array.from({ length: size }, (_, i) => i).filter(
        (i) =>
          i >= Math.floor((level * size) / levels) && i < Math.floor(((level + 1) * size) / levels),
      );
      const filled = bins.filter((i) => p[i] > 0);
      const sum = bins.reduce((total, i) => total + inside[i], 0);
      for (const i of filled) q[i] = sum / filled.length;
    }
    const [sumP, sumQ] = [p, q].map((each) => each.reduce((a, b) => a + b));
    return p.reduce(
      (sum, count, i) =>
        count > 0 ? sum + (count / sumP) * Math.log(count / sumP / (q[i] / sumQ)) : sum,
      0,
    );
  }

  it('finds the divergence that the definition gives', () => {
    const histograms = fc.record({
      first: fc.integer({ min: -40, max: 0 }),
      counts: fc.array(fc.oneof(fc.constant(0), fc.nat(50)), { minLength: 41, maxLength: 120 }),
    });
    fc.assert(
      fc.property(histograms, fc.nat(40), fc.nat(120), (given, left, right) => {
        const counts = Float64Array.from(given.counts);
        counts[-given.first] += 1;
        const histogram = { exponent: 0, first: given.first, counts };
        const [start, end] = [-left, Math.max(right, 16)];
        const found = divergences(histogram, 16)({ start, end });
        const expected = bruteForce(histogram, start, end, 16);
        if (!Number.isFinite(expected)) expect(found).toBe(expected);
        else expect(found).toBeCloseTo(expected, 9);
      }),
    );
  });

  it('clips outliers, where ONNX Runtime with its 128 bins clips nothing', () => {
    const values = sample(5, true, 28, 200_000);
    const { max } = entropy.range(summarize(values, true), uint8, asymmetric);
    expect(max).toBeGreaterThan(3);
    expect(max).toBeLessThan(8);
  });

  it('clips each side for itself', () => {
    const values = sample(5, false, 28, 200_000);
    const { min, max } = entropy.range(summarize(values, true), uint8, asymmetric);
    expect(min).toBeLessThan(-3);
    expect(max).toBeLessThan(8);
  });

  it('keeps all where the type has more codes than there are bins', () => {
    const values = sample(5, false, 28);
    const summary = summarize(values, true);
    const { min, max } = entropy.range(summary, quantizedType('uint16'), asymmetric);
    expect({ min, max }).toEqual({ min: summary.min, max: summary.max });
  });
});

describe('mse', () => {
  const meanError = (
    values: Float32Array,
    range: Range,
    options: GridOptions,
    type = uint8,
  ): number => {
    const grid = gridOf([range], type, options);
    const rounded = decode(encode(values, [values.length], grid), [values.length], grid);
    return values.reduce((sum, value, i) => sum + (value - rounded[i]) ** 2, 0) / values.length;
  };

  it('expects the error that values have', () => {
    const values = sample(4, false, 12, 100_000);
    const { histogram } = summarize(values, true);
    for (const type of quantizedTypes.filter(({ bits }) => bits <= 8)) {
      for (const range of [
        { min: -4, max: 17 },
        { min: -2, max: 2 },
        { min: -5, max: 0 },
      ]) {
        const expected = expectedError(histogram!, range, type, asymmetric);
        const found = meanError(values, range, asymmetric, type);
        expect(Math.abs(expected / found - 1)).toBeLessThan(0.01);
      }
    }
  });

  it('is never worse than covering everything', () => {
    fc.assert(
      fc.property(samples, rangeOptions, (values, { type, ...options }) => {
        const summary = summarize(values, true);
        const { histogram } = summary;
        const range = mse.range(summary, type, options);
        expect(expectedError(histogram!, range, type, options)).toBeLessThanOrEqual(
          expectedError(histogram!, summary, type, options),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('comes close to the best range of a fine grid of ranges', () => {
    for (const outlier of [0, 6, 40]) {
      const values = sample(8, false, outlier, 50_000);
      const summary = summarize(values, true);
      const error = (range: Range): number =>
        expectedError(summary.histogram!, range, uint8, asymmetric);
      let least = Infinity;
      for (let a = 1; a <= 20; a++) {
        for (let b = 1; b <= 20; b++) {
          least = Math.min(
            least,
            error({ min: (summary.min * a) / 20, max: (summary.max * b) / 20 }),
          );
        }
      }
      expect(error(mse.range(summary, uint8, asymmetric))).toBeLessThan(1.02 * least);
    }
  });
});
