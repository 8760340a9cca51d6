import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankCorrelation } from './rank-correlation';

const distinct = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), {
  minLength: 2,
  maxLength: 50,
  // As sorting compares them: -0 is 0.
  comparator: (a, b) => a === b,
});

describe('the correlation of ranks', () => {
  it('is 1 with what rises along with a value, and -1 with what falls', () => {
    fc.assert(
      fc.property(distinct, (values) => {
        const rising = values.map(Math.atan);
        fc.pre(new Set(rising).size === values.length);
        expect(rankCorrelation(values, rising)).toBeCloseTo(1, 12);
        const falling = rising.map((each) => -each);
        expect(rankCorrelation(values, falling)).toBeCloseTo(-1, 12);
      }),
    );
  });

  it('agrees with the formula of squared differences of ranks', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(30).keys()], { minLength: 2 }), (ranks) => {
        const places = [...ranks].sort((x, y) => x - y);
        const n = ranks.length;
        const squares = ranks.reduce((sum, each, i) => sum + (places.indexOf(each) - i) ** 2, 0);
        const expected = 1 - (6 * squares) / (n * (n * n - 1));
        expect(rankCorrelation([...ranks.keys()], ranks)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('gives equal values the mean of their places', () => {
    expect(rankCorrelation([1, 2, 2, 3], [10, 20, 30, 40])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  });
});
