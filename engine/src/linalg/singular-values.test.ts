import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix, SVD } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { seededRandom } from './random';
import { SmallSingularValues } from './singular-values';

const solver = new SmallSingularValues();
const descending = (values: Iterable<number>): number[] => [...values].sort((a, b) => b - a);

/** The larger of rank 1 … full; a share of the rows is zero, as where an activation cut them off. */
function randomMatrix(rows: number, columns: number, rank: number, seed: number): number[][] {
  const random = seededRandom(seed);
  const factor = (count: number) =>
    Array.from({ length: count }, () => Array.from({ length: rank }, random.normal));
  const [left, right] = [factor(rows), factor(columns)];
  return left.map((a) => {
    const alive = random.uniform() < 0.8 ? 1 : 0;
    return right.map((b) => alive * a.reduce((sum, value, k) => sum + value * b[k], 0));
  });
}

const sizes = fc.integer({ min: 1, max: 24 });

describe('singular values of small matrices', () => {
  it('are those of ml-matrix, whatever the rank and the shape', () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, fc.nat(), (rows, columns, rank, seed) => {
        const matrix = randomMatrix(rows, columns, rank, seed);
        const expected = descending(new SVD(new Matrix(matrix), { autoTranspose: true }).diagonal);
        const actual = descending(solver.of([NaN, ...matrix.flat()], 1, rows, columns));
        expected.forEach((value, i) => {
          expect(Math.abs((actual[i] ?? 0) - value)).toBeLessThan(1e-7 * (1 + expected[0]));
        });
        expect(actual.length).toBeLessThanOrEqual(Math.min(rows, columns));
      }),
      { numRuns: 200 },
    );
  });

  it('are none for zeros, the norm for a vector and the absolute value for a number', () => {
    expect([...solver.of(new Float32Array(12), 0, 3, 4)]).toEqual([]);
    expect([...solver.of([3, 0, 4], 0, 3, 1)]).toEqual([5]);
    expect([...solver.of([-7], 0, 1, 1)]).toEqual([7]);
  });

  it('of repeated values and of diagonal matrices come out, too', () => {
    const identity = Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 2 : 0));
    expect([...solver.of(identity, 0, 5, 5)]).toEqual([2, 2, 2, 2, 2]);
    expect(
      [...solver.of(new Float64Array(36).fill(1), 0, 6, 6)].map((each) => Math.round(1e6 * each)),
    ).toEqual(expect.arrayContaining([6e6, 0]));
  });
});

describe('eigenvalues of a symmetric matrix', () => {
  it('are those of ml-matrix', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (n, seed) => {
        const random = seededRandom(seed);
        const matrix = Matrix.zeros(n, n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++) {
            const value = random.normal();
            matrix.set(i, j, value);
            matrix.set(j, i, value);
          }
        const expected = descending(new EigenvalueDecomposition(matrix).realEigenvalues);
        const actual = descending(solver.ofSymmetric(Float64Array.from(matrix.to1DArray()), n));
        expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 9));
      }),
    );
  });
});
