import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../linalg/random';
import { startRuntime } from './client';
import { matrixProducts, type MatrixProducts, type Matrix } from './matmul';
import type { Runtime } from './runtime';

let runtime: Runtime;
let products: MatrixProducts;
beforeAll(async () => {
  runtime = await startRuntime();
  products = matrixProducts(runtime);
});
afterAll(async () => {
  await products.close();
  await runtime.close();
});

function matrix(rows: number, columns: number, seed: number): Matrix {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: rows * columns }, () => random.normal());
  return { rows, columns, data };
}

function transposed({ rows, columns, data }: Matrix): Matrix {
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
  return { rows: columns, columns: rows, data: turned };
}

/** The plain triple loop, in double. */
function naive(a: Matrix, b: Matrix): Float64Array {
  const result = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      for (let k = 0; k < a.columns; k++) {
        result[i * b.columns + j] += a.data[i * a.columns + k] * b.data[k * b.columns + j];
      }
    }
  }
  return result;
}

/** Largest difference relative to what rounding each of so many products may give. */
function expectClose(got: ArrayLike<number>, wanted: Float64Array, terms: number): void {
  expect(got.length).toBe(wanted.length);
  const bound = 2 ** -22 * Math.max(1, terms) * 8;
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(got[i] - wanted[i])).toBeLessThan(bound);
}

const size = fc.integer({ min: 1, max: 17 });

describe('matrixProducts', () => {
  it('multiplies as the triple loop does, transposed at will', async () => {
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.boolean(), fc.boolean(), async (m, k, n, ta, tb) => {
        const [a, b] = [matrix(m, k, 1), matrix(k, n, 2)];
        const result = await products.product(ta ? transposed(a) : a, tb ? transposed(b) : b, {
          transposeA: ta,
          transposeB: tb,
        });
        expect([result.rows, result.columns]).toEqual([m, n]);
        expectClose(result.data, naive(a, b), k);
      }),
      { numRuns: 40 },
    );
  });

  it('sums slices of many rows', async () => {
    const [x, y] = [matrix(9001, 5, 3), matrix(9001, 3, 4)];
    expectClose(await products.gram(x), naive(transposed(x), x), 9001);
    expectClose(await products.gram(x, y), naive(transposed(x), y), 9001);
  });

  it('gives zeros for no rows, and refuses sizes that do not fit', async () => {
    expect([...(await products.gram(matrix(0, 2, 5)))]).toEqual([0, 0, 0, 0]);
    await expect(products.product(matrix(2, 3, 6), matrix(2, 3, 7))).rejects.toThrow(
      'sizes 3 and 2',
    );
    await expect(products.gram(matrix(2, 3, 6), matrix(4, 3, 7))).rejects.toThrow('sizes 2 and 4');
  });
});
