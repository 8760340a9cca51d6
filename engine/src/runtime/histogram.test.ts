import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeSummaries, summarize, type Histogram, type Summary } from './histogram';

const float = fc.float({ noDefaultInfinity: true, noNaN: true });
const values = fc.array(fc.oneof(float, fc.float({ min: -1, max: 1, noNaN: true })), {
  minLength: 1,
  maxLength: 60,
});

const summaryOf = (given: readonly number[]): Summary => summarize(Float32Array.from(given), true);

/** Counts by the bins' lower edges, empty bins left out. */
function filled({ exponent, first, counts }: Histogram): Map<number, number> {
  const entries = [...counts].map((count, i) => [(first + i) * 2 ** exponent, count] as const);
  return new Map(entries.filter(([, count]) => count > 0));
}

describe('summarize', () => {
  it('does not depend on how the values were batched', () => {
    fc.assert(
      fc.property(values, fc.array(fc.nat(60), { maxLength: 4 }), (given, cuts) => {
        const edges = [0, ...cuts.filter((at) => at < given.length).sort((a, b) => a - b)];
        const parts = edges
          .map((start, i) => given.slice(start, edges[i + 1] ?? given.length))
          .filter(({ length }) => length > 0);
        const merged = parts.map(summaryOf).reduce(mergeSummaries);
        const whole = summaryOf(given);
        // −0 and 0 are the same value.
        expect([merged.min + 0, merged.max + 0]).toEqual([whole.min + 0, whole.max + 0]);
        expect(merged.histogram!.exponent).toBe(whole.histogram!.exponent);
        expect(filled(merged.histogram!)).toEqual(filled(whole.histogram!));
      }),
    );
  });

  it('counts every value in the bin that it lies in', () => {
    fc.assert(
      fc.property(values, (given) => {
        const { histogram } = summaryOf(given);
        const width = 2 ** histogram!.exponent;
        const expected = new Map<number, number>();
        for (const value of Float32Array.from(given)) {
          const edge = Math.floor(value / width) * width;
          expected.set(edge, (expected.get(edge) ?? 0) + 1);
        }
        expect(filled(histogram!)).toEqual(expected);
      }),
    );
  });

  it('spends at least 4,096 bins on the largest magnitude', () => {
    const { counts } = summarize(Float32Array.of(0, 3.7), true).histogram!;
    expect(counts.length).toBeGreaterThan(4096);
    expect(counts.length).toBeLessThanOrEqual(8192);
  });

  it('knows no extremes of nothing, and leaves NaN out', () => {
    expect(summaryOf([])).toEqual({ min: Infinity, max: -Infinity });
    const { min, max, histogram } = summaryOf([1, NaN, 2]);
    expect([min, max]).toEqual([1, 2]);
    expect(histogram!.counts.reduce((sum, count) => sum + count)).toBe(2);
  });
});
