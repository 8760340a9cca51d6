import fc from 'fast-check';
import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import { solveOnSupport } from './support';

describe('a linear system on a support', () => {
  it('is solved as the smaller system is, and zero elsewhere', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (size, count, seed) => {
          const random = seededRandom(seed);
          const root = Matrix.rand(size + 3, size, { random: () => random.uniform() - 0.5 });
          const matrix = root.transpose().mmul(root).add(Matrix.eye(size).mul(0.1));
          const right = Float64Array.from({ length: count * size }, () => random.uniform() - 0.5);
          const support = Uint8Array.from(right, () => random.integer(2));
          const found = solveOnSupport(
            Float64Array.from(matrix.to1DArray()),
            size,
            right,
            count,
            support,
          )!;
          for (let row = 0; row < count; row++) {
            const all = Array.from({ length: size }, (_, i) => i);
            const places = all.filter((i) => support[row * size + i] === 1);
            const values = all.map((i) => found[row * size + i]);
            expect(all.filter((i) => !places.includes(i)).every((i) => values[i] === 0)).toBe(true);
            if (places.length === 0) continue;
            const own = Matrix.columnVector(places.map((i) => right[row * size + i]));
            const expected = solve(matrix.selection(places, places), own).to1DArray();
            places.forEach((i, a) => expect(values[i]).toBeCloseTo(expected[a], 8));
          }
        },
      ),
    );
  });
});
