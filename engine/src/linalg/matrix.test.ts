import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addGram,
  addProduct,
  columnsOf,
  copyOf,
  gramOf,
  matrix,
  multiply,
  rowsOf,
  transpose,
  type Matrix,
} from './matrix';
import { seededRandom } from './random';

function random(rows: number, columns: number, seed: number): Matrix {
  return matrix(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, seededRandom(seed).normal),
  );
}

const at = (a: Matrix, i: number, j: number): number =>
  a.data[a.offset + i * a.rowStride + j * a.columnStride];

/** Entry by entry. */
function expectProduct(product: Matrix, a: Matrix, b: Matrix): void {
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += at(a, i, k) * at(b, k, j);
      expect(Math.abs(at(product, i, j) - sum)).toBeLessThan(1e-12 * (1 + a.columns));
    }
  }
}

const size = fc.integer({ min: 1, max: 23 });
const inner = fc.oneof(size, fc.integer({ min: 250, max: 530 }));

describe('products', () => {
  it('are sums of products, for blocks and transposed views too', () => {
    fc.assert(
      fc.property(size, inner, size, fc.boolean(), fc.boolean(), (m, k, n, flipA, flipB) => {
        const a = flipA ? transpose(random(k + 2, m + 1, 1)) : random(m + 1, k + 2, 1);
        const b = flipB ? transpose(random(n + 3, k + 1, 2)) : random(k + 1, n + 3, 2);
        const left = columnsOf(rowsOf(a, 1, m + 1), 2, k + 2);
        const right = columnsOf(rowsOf(b, 1, k + 1), 3, n + 3);
        expectProduct(multiply(left, right), left, right);
      }),
      { numRuns: 60 },
    );
  });

  it('are added to a block of a matrix, whose rest stays', () => {
    const target = random(12, 12, 3);
    const before = target.data.slice();
    const [a, b] = [random(5, 7, 4), random(7, 6, 5)];
    const block = columnsOf(rowsOf(target, 2, 7), 3, 9);
    addProduct(block, a, b, -1);
    const product = multiply(a, b);
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 12; j++) {
        const isInside = i >= 2 && i < 7 && j >= 3 && j < 9;
        const change = isInside ? at(product, i - 2, j - 3) : 0;
        expect(target.data[i * 12 + j]).toBeCloseTo(before[i * 12 + j] - change, 12);
      }
    }
  });

  it('with their own transpose are symmetric to the last bit', () => {
    fc.assert(
      fc.property(size, inner, fc.nat(), (rows, columns, seed) => {
        const a = random(rows, columns, seed);
        const gram = gramOf(a);
        expectProduct(gram, a, transpose(a));
        expect(copyOf(transpose(gram)).data).toEqual(gram.data);
        const target = gramOf(a);
        addGram(target, a, a, -1);
        expect(target.data.every((value) => Math.abs(value) < 1e-10)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('of nothing are zero', () => {
    expect([...multiply(matrix(2, 0), matrix(0, 3)).data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(multiply(matrix(0, 4), matrix(4, 3)).data).toHaveLength(0);
  });
});
