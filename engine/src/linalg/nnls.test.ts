import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares } from './nnls';
import { seededRandom } from './random';

function problem(rows: number, columns: number, seed: number) {
  const random = seededRandom(seed);
  const scale = Array.from({ length: columns }, () => 10 ** (6 * random.uniform() - 3));
  const a = Float64Array.from(
    { length: rows * columns },
    (_, i) => random.normal() * scale[i % columns],
  );
  const b = Float64Array.from({ length: rows }, () => random.normal());
  return { a, b };
}

/** Aᵀ(A·x − b), each divided by the length of its column. */
function gradients(a: Float64Array, b: Float64Array, x: Float64Array): number[] {
  const columns = x.length;
  const residual = b.map((each, i) => x.reduce((sum, v, j) => sum + a[i * columns + j] * v, -each));
  return Array.from(x, (_, j) => {
    let [dot, square] = [0, 0];
    residual.forEach((each, i) => {
      dot += each * a[i * columns + j];
      square += a[i * columns + j] ** 2;
    });
    return square > 0 ? dot / Math.sqrt(square) : 0;
  });
}

const sizes = [fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8 }), fc.nat()] as const;

describe('nonNegativeLeastSquares', () => {
  it('meets the conditions of Karush, Kuhn and Tucker', () => {
    fc.assert(
      fc.property(...sizes, (rows, columns, seed) => {
        const { a, b } = problem(rows, columns, seed);
        const x = nonNegativeLeastSquares(a, b, columns);
        const norm = Math.hypot(...b);
        gradients(a, b, x).forEach((gradient, j) => {
          expect(x[j]).toBeGreaterThanOrEqual(0);
          if (x[j] > 0) expect(Math.abs(gradient)).toBeLessThan(1e-6 * norm);
          else expect(gradient).toBeGreaterThan(-1e-6 * norm);
        });
      }),
    );
  });

  it('finds the unknowns that made the data', () => {
    fc.assert(
      fc.property(...sizes, (rows, columns, seed) => {
        const { a } = problem(rows + columns, columns, seed);
        const random = seededRandom(seed + 1);
        const truth = Float64Array.from({ length: columns }, () => Math.max(0, random.normal()));
        const b = Float64Array.from({ length: rows + columns }, (_, i) =>
          truth.reduce((sum, v, j) => sum + a[i * columns + j] * v, 0),
        );
        const x = nonNegativeLeastSquares(a, b, columns);
        const made = b.map((_, i) => x.reduce((sum, v, j) => sum + a[i * columns + j] * v, 0));
        const norm = Math.hypot(...b) || 1;
        expect(Math.hypot(...made.map((each, i) => each - b[i]))).toBeLessThan(1e-5 * norm);
      }),
    );
  });

  it('gives nothing to columns that are zero or there twice', () => {
    const x = nonNegativeLeastSquares(Float64Array.of(1, 1, 0, 2, 2, 0), Float64Array.of(3, 6), 3);
    expect(x[0] + x[1]).toBeCloseTo(3, 9);
    expect(x[2]).toBe(0);
  });
});
