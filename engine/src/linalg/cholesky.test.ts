import fc from 'fast-check';
import { CholeskyDecomposition, Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { cholesky, solveCholesky } from './cholesky';
import { gram } from './product';
import { seededRandom } from './random';

function randomMatrix(rows: number, columns: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: rows * columns }, () => random.normal());
}

const toMatrix = (data: Float64Array, rows: number, columns: number): Matrix =>
  Matrix.from1DArray(rows, columns, data);

/** G + I for G the Gram matrix of random rows: positive definite with a modest condition number. */
function positiveDefinite(size: number, seed: number): Float64Array {
  const matrix = gram(randomMatrix(size, size + 3, seed), size, size + 3);
  for (let i = 0; i < size; i++) matrix[i * size + i] += 1;
  return matrix;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}

const sizes = fc.integer({ min: 1, max: 21 });
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('the Gram matrix', () => {
  it('is the matrix times its transpose', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 1100 }), seeds, (count, length, seed) => {
        const rows = randomMatrix(count, length, seed);
        const matrix = toMatrix(rows, count, length);
        const expected = matrix.mmul(matrix.transpose()).to1DArray();
        expect(largestDifference(gram(rows, count, length), expected)).toBeLessThan(1e-9 * length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the Cholesky factor', () => {
  it('equals that of ml-matrix', () => {
    fc.assert(
      fc.property(sizes, seeds, (size, seed) => {
        const matrix = positiveDefinite(size, seed);
        const expected = new CholeskyDecomposition(toMatrix(matrix, size, size));
        const factor = cholesky(matrix, size);
        expect(factor).toBeDefined();
        const difference = largestDifference(factor!, expected.lowerTriangularMatrix.to1DArray());
        expect(difference).toBeLessThan(1e-9 * size);
      }),
    );
  });

  it('solves systems as ml-matrix does', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5 }), seeds, (size, count, seed) => {
        const matrix = positiveDefinite(size, seed);
        const right = randomMatrix(count, size, seed + 1);
        const expected = solve(
          toMatrix(matrix, size, size),
          toMatrix(right, count, size).transpose(),
        );
        const solution = solveCholesky(cholesky(matrix, size)!, size, right, count);
        expect(largestDifference(solution, expected.transpose().to1DArray())).toBeLessThan(1e-8);
      }),
    );
  });

  it('reads the lower triangle only and leaves its argument alone', () => {
    const matrix = positiveDefinite(9, 5);
    const spoiled = matrix.slice();
    for (let i = 0; i < 9; i++) for (let j = i + 1; j < 9; j++) spoiled[i * 9 + j] = NaN;
    const before = spoiled.slice();
    expect(cholesky(spoiled, 9)).toEqual(cholesky(matrix, 9));
    expect(spoiled).toEqual(before);
  });

  it('is refused for a matrix that is not positive definite', () => {
    fc.assert(
      fc.property(sizes, seeds, fc.nat(), (size, seed, at) => {
        const matrix = positiveDefinite(size, seed);
        const i = at % size;
        matrix[i * size + i] = -1;
        expect(cholesky(matrix, size)).toBeUndefined();
      }),
    );
  });
});
