import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import { codeOf, decode, gridOf } from '../grid';
import { quantizedType } from '../quantized-type';
import { Reading } from './reading';

const { signal } = new AbortController();
let runtime: Runtime;
let reading: Reading;
beforeAll(async () => {
  runtime = await startRuntime();
  reading = new Reading(runtime, signal);
});
afterAll(async () => {
  await reading.close();
  await runtime.close();
});

/** The statistics of one value [2, 3, values] by their definitions. */
function expected(x: Float32Array, rounded: Float32Array) {
  const block = x.length / 6;
  const extents = [0, 0, 0];
  x.forEach((each, i) => {
    const c = Math.floor(i / block) % 3;
    extents[c] = Math.max(extents[c], Math.abs(each));
  });
  return {
    extents,
    signal: x.reduce((sum, each) => sum + each * each, 0),
    noise: x.reduce((sum, each, i) => sum + (each - rounded[i]) ** 2, 0),
  };
}

it('rounds to any grid as its codes say, and measures what that changes', async () => {
  const types = ['uint8', 'int8', 'int4', 'uint4', 'int2', 'uint16', 'int16'].map(quantizedType);
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 5 })
        .chain((block) =>
          fc.array(fc.constantFrom(...block, 0.5, -1.5, 2.5, 1000), {
            minLength: 6 * block.length,
            maxLength: 6 * block.length,
          }),
        ),
      fc.float({ min: -50, max: 0, noNaN: true }),
      fc.float({ min: Math.fround(0.01), max: 50, noNaN: true }),
      fc.constantFrom(...types),
      fc.boolean(),
      async (values, min, max, type, symmetric) => {
        const data = Float32Array.from(values);
        const dims = [2, 3, data.length / 6];
        const grid = gridOf([{ min, max }], type, { symmetric });
        const { x } = await runtime.keep({ x: { type: 'float', dims, data } });
        const made = await reading.roundings(x, [grid]);
        const codes = data.map((value) => codeOf(grid, value));
        const rounded = decode(codes, dims, grid);
        const { extents, signal, noise } = await reading.measure(x, made, 1);
        const wanted = expected(data, rounded);
        expect([...extents]).toEqual(wanted.extents);
        // Terms are added in single precision.
        expect(Math.abs(signal - wanted.signal)).toBeLessThanOrEqual(1e-6 * wanted.signal);
        expect(Math.abs(noise.get(grid)! - wanted.noise)).toBeLessThanOrEqual(1e-6 * wanted.noise);
        await runtime.release([x, ...made.values()]);
      },
    ),
    { numRuns: 60 },
  );
});

it('counts channels from the end for products', async () => {
  const data = Float32Array.of(1, -2, 3, 4, 0, -9);
  const { x } = await runtime.keep({ x: { type: 'float', dims: [3, 2], data } });
  const { extents, signal: power } = await reading.measure(x, new Map(), -1);
  expect([...extents]).toEqual([3, 9]);
  expect(power).toBe(111);
});
