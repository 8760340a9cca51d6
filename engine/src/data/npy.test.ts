import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixtures from '../../../test/fixtures/data/numpy.json';
import { memoryBytes } from './byte-source';
import { openNpy, type NpyArray } from './npy';

const open = (bytes: Uint8Array): NpyArray => openNpy(memoryBytes('a.npy', bytes));
const decode = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const values = (array: NpyArray): number[] =>
  Array.from(array.rows(0, array.dims[0]) as ArrayLike<number>, Number);

/** A version 1 file with any header text. */
function npy(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header);
  const start = [
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    1,
    0,
    text.length % 256,
    text.length >> 8,
  ];
  return Uint8Array.from([...start, ...text, ...data]);
}

describe('openNpy', () => {
  it.each(fixtures.cases)('reads $descr, Fortran order $fortran, as NumPy does', (item) => {
    const array = open(decode(item.file));
    expect(array.dims).toEqual(item.dims);
    expect(values(array)).toEqual(item.values);
    expect(Array.from(array.rows(1, 1) as ArrayLike<number>, Number)).toEqual(
      item.values.slice(12),
    );
  });

  it('keeps 64-bit integers exact', () => {
    const data = new Uint8Array(new BigInt64Array([2n ** 62n + 1n]).buffer);
    const header = "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }";
    expect(open(npy(header, data)).rows(0, 1)).toEqual(new BigInt64Array([2n ** 62n + 1n]));
  });

  it.each(Object.entries(fixtures.versions))('reads format version %s', (_, file) => {
    expect(values(open(decode(file)))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('reads arrays without entries and without dimensions', () => {
    expect(open(decode(fixtures.empty)).dims).toEqual([0, 3]);
    expect(open(decode(fixtures.scalar)).dims).toEqual([]);
  });

  it('refuses elements that are not numbers, saying so', () => {
    expect(() => open(decode(fixtures.objects))).toThrow('a.npy: it holds Python objects');
    expect(() => open(decode(fixtures.records))).toThrow('records with named fields');
    const text = "{'descr': '<U4', 'fortran_order': False, 'shape': (0,), }";
    expect(() => open(npy(text, new Uint8Array()))).toThrow('"U4" is not numeric');
  });

  it.each(['(99999999999999999999, 9999999999999999999999)', '(1000000000,)', '(3, 5)'])(
    'refuses the shape %s, which the file cannot hold, without allocating it',
    (shape) => {
      const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
      expect(() => open(npy(header, new Uint8Array(40)))).toThrow('only 40 follow the header');
    },
  );

  it('gives back what was written, for any values and shape', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.integer(), (dims, fortran, first) => {
        const count = dims.reduce((product, dim) => product * dim, 1);
        const data = Int32Array.from({ length: count }, (_, i) => first + i);
        const order = fortran ? 'True' : 'False';
        const header = `{'descr': '<i4', 'fortran_order': ${order}, 'shape': (${dims.join(', ')},), }`;
        const array = open(npy(header, new Uint8Array(data.buffer)));
        expect(array.dims).toEqual(dims);
        const read = values(array);
        if (!fortran) expect(read).toEqual([...data]);
        // In Fortran order the first index runs fastest.
        else read.forEach((value, i) => expect(value).toBe(data[fortranIndex(i, dims)]));
      }),
    );
  });

  it('answers damaged files with an error that names them, and nothing else', () => {
    const whole = decode(fixtures.cases[0].file);
    const damage = fc.record({
      at: fc.nat(whole.length - 1),
      to: fc.nat(255),
      cut: fc.nat(whole.length),
    });
    fc.assert(
      fc.property(damage, ({ at, to, cut }) => {
        const bytes = whole.slice(0, cut);
        if (at < cut) bytes[at] = to;
        try {
          values(open(bytes));
        } catch (error) {
          expect(error).toMatchObject({ name: 'CoppiceError' });
          expect((error as Error).message).toMatch(/^a\.npy: /);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Position in Fortran order of the element at position `index` in C order. */
function fortranIndex(index: number, dims: readonly number[]): number {
  let rest = index;
  const at = dims.map(() => 0);
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    at[axis] = rest % dims[axis];
    rest = Math.floor(rest / dims[axis]);
  }
  return at.reduceRight((sum, i, axis) => sum * dims[axis] + i, 0);
}
