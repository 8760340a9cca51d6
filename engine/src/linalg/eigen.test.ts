import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix as Reference } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { symmetricEigen, symmetricEigenvalues } from './eigen';
import { gramOf, identity, matrix, multiply, transpose, type Matrix } from './matrix';
import { seededRandom } from './random';

function filled(rows: number, columns: number, entry: (i: number, j: number) => number): Matrix {
  const result = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result.data[i * columns + j] = entry(i, j);
  }
  return result;
}

function random(rows: number, columns: number, seed: number): Matrix {
  const { normal } = seededRandom(seed);
  return filled(rows, columns, normal);
}

function largest(a: Matrix): number {
  return a.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

function difference(a: Matrix, b: Matrix): number {
  return a.data.reduce((max, value, i) => Math.max(max, Math.abs(value - b.data[i])), 0);
}

/** A·vᵢ = λᵢ·vᵢ, orthonormal vectors, values in order and those of the plain algorithm. */
function expectEigen(a: Matrix): void {
  const { values, vectors } = symmetricEigen(a);
  const n = a.rows;
  const scale = largest(a) * n || 1;
  const scaled = filled(n, n, (i, j) => values[i] * vectors.data[i * n + j]);
  expect(difference(multiply(vectors, a), scaled)).toBeLessThan(1e-13 * scale);
  expect(difference(gramOf(vectors), identity(n))).toBeLessThan(1e-12);
  for (let i = 1; i < n; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
  const alone = symmetricEigenvalues(a);
  values.forEach((value, i) => expect(Math.abs(value - alone[i])).toBeLessThan(1e-13 * scale));
}

describe('eigenvalues and eigenvectors', () => {
  it('satisfy their equation for random matrices of any rank', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        fc.nat(),
        (n, share, seed) => {
          expectEigen(gramOf(random(n, Math.ceil(share * n) || 1, seed)));
        },
      ),
      { numRuns: 40 },
    );
  });

  const size = 150;
  it.each([
    ['zeros', () => 0],
    ['the unit matrix', (i: number, j: number) => Number(i === j)],
    ['ones', () => 1],
    ['two equal halves', (i: number, j: number) => Number(i % 2 === j % 2)],
    [
      'Wilkinson’s, whose values come in close pairs',
      (i: number, j: number) =>
        i === j ? Math.abs(i - (size - 1) / 2) : Number(Math.abs(i - j) === 1),
    ],
    ['Hilbert’s, which is nearly singular', (i: number, j: number) => 1 / (i + j + 1)],
    ['entries over 70 decades', (i: number, j: number) => 10 ** (-(i + j) / 4)],
    ['huge entries', (i: number, j: number) => 1e150 / (1 + Math.abs(i - j))],
    ['tiny entries', (i: number, j: number) => 1e-150 / (1 + Math.abs(i - j))],
  ])('stand %s', (_, entry) => {
    expectEigen(filled(size, size, entry));
  });

  it('are those of ml-matrix', () => {
    for (const n of [7, 40, 90]) {
      const a = gramOf(random(n, 2 * n, n));
      const reference = new EigenvalueDecomposition(Reference.from1DArray(n, n, [...a.data]), {
        assumeSymmetric: true,
      });
      const expected = reference.realEigenvalues.sort((x, y) => y - x);
      symmetricEigen(a).values.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 8));
    }
  });

  it('give the leading vectors alone where that is asked', () => {
    const a = gramOf(random(70, 100, 4));
    const all = symmetricEigen(a);
    const some = symmetricEigen(a, 5);
    expect(some.values).toEqual(all.values);
    expect(some.vectors.rows).toBe(5);
    const first = matrix(5, 70, all.vectors.data.slice(0, 5 * 70));
    expect(difference(some.vectors, first)).toBeLessThan(1e-12);
  });

  it('leave the matrix as it was and refuse one that is not finite', () => {
    const a = gramOf(random(40, 50, 5));
    const before = a.data.slice();
    symmetricEigen(a);
    expect(a.data).toEqual(before);
    a.data[3] = NaN;
    expect(() => symmetricEigen(a)).toThrow(RangeError);
    expect(() => symmetricEigenvalues(a)).toThrow(RangeError);
  });

  it('take a transposed view as it is', () => {
    const a = gramOf(random(20, 30, 6));
    expect(
      difference(symmetricEigen(transpose(a)).vectors, symmetricEigen(a).vectors),
    ).toBeLessThan(1e-12);
  });
});
