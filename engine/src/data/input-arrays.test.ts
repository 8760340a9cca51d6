import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import type { TypedArray } from '../ir/data-type';
import type { Batch, Dataset } from './dataset';
import { openDataset } from './open';
import { npy, npz } from './testing/npy-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coppice-arrays-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(arrays: Readonly<Record<string, Uint8Array>>): string {
  const path = join(folder, 'data.npz');
  writeFileSync(path, npz(arrays));
  return path;
}

/** What arrays may hold, as ONNX and NumPy call it, and how values are made of whole numbers. */
const kinds = {
  int64: { descr: '<i8', array: (values: number[]) => BigInt64Array.from(values, BigInt) },
  int32: { descr: '<i4', array: (values: number[]) => Int32Array.from(values) },
  bool: { descr: '|b1', array: (values: number[]) => Uint8Array.from(values, (each) => each % 2) },
  uint8: { descr: '|u1', array: (values: number[]) => Uint8Array.from(values) },
  float: { descr: '<f4', array: (values: number[]) => Float32Array.from(values) },
} as const;

interface Input {
  readonly kind: keyof typeof kinds;
  readonly dims: number[];
}

const inputOf: fc.Arbitrary<Input> = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
  dims: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
});

const cases = fc.record({
  inputs: fc.array(inputOf, { minLength: 2, maxLength: 4 }),
  samples: fc.integer({ min: 1, max: 9 }),
  size: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(),
});

/** Inputs in0, in1, …, whose arrays hold the number of the sample, times ten, plus a bit. */
async function opened(inputs: readonly Input[], samples: number) {
  const declared = inputs.map(({ kind, dims }, i) => `${kind}[${['N', ...dims].join()}] in${i}`);
  const arrays = inputs.map(({ kind, dims }) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length: samples * size }, (_, at) => 10 * Math.floor(at / size) + (at % 3)); // prettier-ignore
    return kinds[kind].array(values);
  });
  const files = inputs.map(
    ({ kind, dims }, i) =>
      [`in${i}`, npy(kinds[kind].descr, [samples, ...dims], arrays[i])] as const,
  );
  const labels = Int32Array.from({ length: samples }, (_, n) => 100 + n);
  const path = write({ ...Object.fromEntries(files), labels: npy('<i4', [samples], labels) });
  const model = weightedModel(
    `(${declared.join(', ')}) => (float[N] y) { y = Cast<to: int = 1>(in0) }`,
  );
  return { dataset: await openDataset(path, {}, model), arrays };
}

/** The batch's values of in0, in1, … */
function valuesOf({ input }: Dataset, batch: Batch, count: number) {
  return Array.from({ length: count }, (_, i) =>
    input === `in${i}` ? batch : batch.others![`in${i}`],
  );
}

function numbers(data: TypedArray): number[] {
  return Array.from(data as ArrayLike<number>, Number);
}

describe('an array for each input', () => {
  it('comes back as it was stored, batch after batch', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ inputs, samples, size }) => {
        const { dataset, arrays } = await opened(inputs, samples);
        const read = inputs.map((): number[] => []);
        const labels: number[] = [];
        for await (const batch of dataset.batches(size)) {
          labels.push(...batch.labels!);
          for (const [i, { data, dims }] of valuesOf(dataset, batch, inputs.length).entries()) {
            expect(dims).toEqual([batch.labels!.length, ...inputs[i].dims]);
            if (/int(32|64)/.test(inputs[i].kind))
              expect(data).toBeInstanceOf(arrays[i].constructor);
            read[i].push(...numbers(data));
          }
        }
        expect(read).toEqual(arrays.map(numbers));
        expect(labels).toEqual(Array.from({ length: samples }, (_, n) => 100 + n));
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the rows of a sample together, however samples are drawn', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ inputs, samples, size, seed }) => {
        const { dataset, arrays } = await opened(inputs, samples);
        const drawn = dataset.sample(samples, seed).skip(1);
        for await (const batch of drawn.batches(size)) {
          const rows = [...batch.indices!];
          expect([...batch.labels!]).toEqual(rows.map((row) => 100 + row));
          for (const [i, { data }] of valuesOf(drawn, batch, inputs.length).entries()) {
            const width = arrays[i].length / samples;
            const stored = numbers(arrays[i]);
            expect(numbers(data)).toEqual(
              rows.flatMap((row) => stored.slice(row * width, (row + 1) * width)),
            );
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('changes nothing for models of one input', async () => {
    const mask = npy('|u1', [3, 2], new Uint8Array(6));
    const y = npy('<i4', [3], Int32Array.of(0, 1, 0));
    const x = npy('<f4', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
    const path = write({ x, mask, y });
    const one = weightedModel('(float[N,2] mask) => (float[N,2] z) { z = Relu(mask) }');
    const [now, before] = [await openDataset(path, {}, one), await openDataset(path)];
    expect(JSON.stringify(now)).toEqual(JSON.stringify(before));
    expect(now.hash).toMatch(/^[0-9a-f]{64}$/);
    for await (const { data, others } of now.batches(3)) {
      expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
      expect(others).toBeUndefined();
    }
  });

  it('is found for a single input, too, where no array has a usual name', async () => {
    const values = npy('<f4', [2, 1], Float32Array.of(3, 4));
    const path = write({ other: npy('<f4', [1], new Float32Array(1)), values });
    const one = weightedModel('(float[N,1] values) => (float[N,1] z) { z = Relu(values) }');
    for await (const { data } of (await openDataset(path, {}, one)).batches(2)) {
      expect([...data]).toEqual([3, 4]);
    }
    await expect(openDataset(path)).rejects.toThrow(/none of its arrays/);
  });
});

describe('images beside other inputs', () => {
  const model = weightedModel(`(float[N,4] mean, float[N,3,2,2] picture, int64[N,4] ids)
    => (float[N,4] y) { y = Identity(mean) }`);
  const path = () =>
    write({
      mean: npy('<f4', [2, 4], new Float32Array(8).fill(9)),
      ids: npy('<i8', [2, 4], new BigInt64Array(8).fill(7n)),
      picture: npy('|u1', [2, 3, 2, 2], new Uint8Array(24).fill(255)),
    });

  it('are preprocessed, alone', async () => {
    const data = await openDataset(path(), { mean: 0.5, std: 0.5 }, model);
    expect(data).toMatchObject({ input: 'picture', sampleDims: [3, 2, 2], labelled: false });
    expect(data.images?.range).toEqual({ black: [-1, -1, -1], white: [1, 1, 1] });
    expect(data.description).toBe(
      '2 samples of mean 4 float, picture 3×2×2 uint8 (value = (pixel × 1/255 − 0.5) / 0.5), ids 4 int64',
    );
    for await (const { data: values, others } of data.batches(2)) {
      expect(new Set(numbers(values))).toEqual(new Set([1]));
      expect(others!.mean.data).toEqual(new Float32Array(8).fill(9));
      expect(others!.ids.data).toEqual(new BigInt64Array(8).fill(7n));
    }
  });

  it('are asked for where preprocessing is', async () => {
    const texts = weightedModel('(int64[N,4] ids, float[N,4] mean) => (float[N,4] y) { y = Identity(mean) }'); // prettier-ignore
    await expect(openDataset(path(), { mean: 0.5, resize: 4 }, texts)).rejects.toThrow(
      /mean and resize cannot be applied, because none of the inputs ids, mean takes images/,
    );
  });
});

describe('what is the same for all samples', () => {
  const model = weightedModel(`(float[N,4] x, float[2,N,3] state, int64 rate) => (float[N,4] y)
    { y = Identity(x) }`);
  const x = npy('<f4', [5, 4], new Float32Array(20));
  const rate = npy('<i8', [], BigInt64Array.of(16000n));

  it('is stored without samples', async () => {
    const state = npy('<f4', [2, 1, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    const data = await openDataset(write({ x, state, rate }), {}, model);
    expect(data).toMatchObject({ input: 'x', samples: 5, others: {} });
    expect(data.constants).toEqual({
      state: { dims: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      rate: { dims: [], data: BigInt64Array.of(16000n) },
    });
    expect(data.description).toMatch(
      /x 4 float, state 2×1×3 float \(the same for all\), rate int64/,
    );
  });

  it('has the shape that the input takes', async () => {
    const state = npy('<f4', [5, 2, 3], new Float32Array(30));
    await expect(openDataset(write({ x, state, rate }), {}, model)).rejects.toThrow(
      /data\.npz: state\.npy: the shape is \[5, 2, 3\], but the input "state" takes \[2, N, 3\]/,
    );
  });
});

describe('arrays that do not fit', () => {
  const model = weightedModel('(int64[N,L] ids, bool[N,L] mask) => (float[N,L] y) { y = Cast<to: int = 1>(ids) }'); // prettier-ignore
  const ids = npy('<i8', [3, 4], new BigInt64Array(12));
  const fails = (arrays: Readonly<Record<string, Uint8Array>>, message: RegExp) =>
    expect(openDataset(write(arrays), {}, model)).rejects.toThrow(message);

  it('are named, with what to do', async () => {
    await fails(
      { ids, labels: npy('<i4', [3], new Int32Array(3)) },
      /data\.npz: it has no array for the input "mask"; it has ids, labels. .* store an array under the name of each/,
    );
    await fails(
      { ids, mask: npy('|b1', [2, 4], new Uint8Array(8)) },
      /the array "mask" has 2 rows, but "ids" has 3\. Store one row for each sample in both/,
    );
    await fails(
      { ids, mask: npy('|b1', [3, 5], new Uint8Array(15)) },
      /the array "mask" has a size of 5 where "ids" has 4, which are the same for the model \(L\)/,
    );
    await fails(
      { ids: npy('<f4', [3, 4], new Float32Array(12)), mask: npy('|b1', [3, 4], new Uint8Array(12)) }, // prettier-ignore
      /ids\.npy: the input "ids" takes int64, but this array holds float\. Store it as int64/,
    );
    await fails(
      { ids, mask: npy('|b1', [], new Uint8Array(1)) },
      /the input "mask" is given a single number, and samples need a row each/,
    );
    await fails(
      { ids, mask: npy('|b1', [3, 4], new Uint8Array(12)), y: npy('<i4', [2], new Int32Array(2)) },
      /labels have the shape \[2\], but there are 3 samples/,
    );
  });
});
