import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { discard, pack, unpack } from './tensor-exchange';

const folder = mkdtempSync(join(tmpdir(), 'coppice-exchange-'));
afterAll(() => rmSync(folder, { recursive: true }));

const large = {
  float: { type: 'float', dims: [300, 300], data: Float32Array.from({ length: 90_000 }, Math.sin) },
  empty: { type: 'uint8', dims: [0], data: new Uint8Array() },
  // A view into the middle of a buffer, as slices of batches are.
  view: { type: 'int64', dims: [3], data: BigInt64Array.of(9n, 1n, -2n, 3n, 9n).subarray(1, 4) },
} as const;

it('gives back large tensors of any type, and uses their file up', () => {
  const parcel = pack(folder, large);
  expect('file' in parcel).toBe(true);
  expect(readdirSync(folder)).toHaveLength(1);
  expect(unpack(structuredClone(parcel))).toEqual(large);
  expect(readdirSync(folder)).toEqual([]);
});

it('sends small tensors as they are', () => {
  const small = { view: large.view };
  expect(pack(folder, small)).toEqual({ tensors: small });
});

it('sends tensors as they are where no file can be made', () => {
  expect(pack(join(folder, 'none'), large)).toEqual({ tensors: large });
});

it('removes the file of a parcel that nobody wants', () => {
  discard(pack(folder, large));
  expect(readdirSync(folder)).toEqual([]);
});
