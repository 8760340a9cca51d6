import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gram } from './product';
import { seededRandom } from './random';
import { gramSingle } from './simd-gram';

describe('the Gram matrix in single precision', () => {
  it('agrees with double precision to single precision', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 21 }),
        fc.integer({ min: 1, max: 1100 }),
        fc.nat(),
        (count, length, seed) => {
          const random = seededRandom(seed);
          const rows = Float64Array.from({ length: count * length }, random.normal);
          const expected = gram(rows, count, length);
          const actual = gramSingle(rows, count, length);
          expected.forEach((value, i) => {
            expect(Math.abs(actual[i] - value)).toBeLessThan(2e-6 * length);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('forgets what an earlier, larger matrix left behind', () => {
    gramSingle(new Float64Array(40 * 600).fill(7), 40, 600);
    expect([...gramSingle([1, 2, 3, 4, 5, 6], 2, 3)]).toEqual([14, 32, 32, 77]);
  });
});
