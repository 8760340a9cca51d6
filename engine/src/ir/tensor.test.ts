import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteSize, dataTypeNamed, dataTypes, type DataTypeName } from './data-type';
import type { Tensor } from './model';
import { elements, floats, makeTensor, numbers, payload, strings, withElements } from './tensor';

const ranges: Partial<Record<DataTypeName, [number, number]>> = {
  int2: [-2, 1],
  uint2: [0, 3],
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

describe('raw data', () => {
  test.each(Object.entries(ranges) as [DataTypeName, [number, number]][])(
    '%s comes back from any length',
    (type, [min, max]) => {
      const values = fc.array(
        fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1))),
      );
      const property = fc.property(values, (list) => {
        const tensor = makeTensor('t', type, [list.length], list);
        expect(tensor.rawData!.byteLength).toBe(byteSize(dataTypeNamed(type), list.length));
        expect(numbers(tensor)).toEqual(list);
      });
      fc.assert(property, { seed: 1 });
      expect(numbers(makeTensor('t', type, [2], [min, max]))).toEqual([min, max]);
    },
  );

  test('small types are packed low bits first', () => {
    const bytes = (type: DataTypeName, list: number[]): number[] =>
      Array.from(makeTensor('t', type, [list.length], list).rawData!.read());
    expect(bytes('uint4', [1, 2, 3])).toEqual([0x21, 0x03]);
    expect(bytes('int4', [-1, 7, -8])).toEqual([0x7f, 0x08]);
    expect(bytes('uint2', [0, 1, 2, 3, 1])).toEqual([0xe4, 0x01]);
    expect(bytes('int2', [-1, -2, 0, 1])).toEqual([0x4b]);
    expect(bytes('float4e2m1', [0.5, -6])).toEqual([0xf1]);
  });

  test('data may lie at any offset, in a Buffer too', () => {
    const source = Buffer.alloc(64);
    source.writeFloatLE(1.5, 3);
    source.writeFloatLE(-2.5, 7);
    for (const bytes of [source.subarray(3, 11), new Uint8Array(source).subarray(3, 11)]) {
      const tensor: Tensor = { ...makeTensor('t', 'float', [2], [0, 0]), rawData: payload(bytes) };
      expect(Array.from(floats(tensor))).toEqual([1.5, -2.5]);
    }
  });

  test('float32 and typed arrays are not copied', () => {
    const data = Float32Array.of(1, 2, 3);
    const tensor = makeTensor('t', 'float', [3], data);
    expect(floats(tensor).buffer).toBe(data.buffer);
  });
});

describe('typed fields', () => {
  const words = (list: number[]) => payload(new Uint8Array(Int32Array.from(list).buffer));
  const longs = (list: bigint[]) => payload(new Uint8Array(BigInt64Array.from(list).buffer));

  test.each<[DataTypeName, Partial<Tensor>, number[]]>([
    ['int8', { int32Data: words([-1, 127]) }, [-1, 127]],
    ['uint8', { int32Data: words([255, 0]) }, [255, 0]],
    ['bool', { int32Data: words([1, 0]) }, [1, 0]],
    ['int16', { int32Data: words([-3, 9]) }, [-3, 9]],
    ['uint16', { int32Data: words([65535, 1]) }, [65535, 1]],
    ['int32', { int32Data: words([-5, 6]) }, [-5, 6]],
    ['int64', { int64Data: longs([-5n, 6n]) }, [-5, 6]],
    ['uint64', { uint64Data: longs([5n, 6n]) }, [5, 6]],
    ['uint32', { uint64Data: longs([2n ** 32n - 1n, 6n]) }, [2 ** 32 - 1, 6]],
    ['float16', { int32Data: words([0x3c00, 0xc000]) }, [1, -2]],
    ['bfloat16', { int32Data: words([0x3f80, 0xc000]) }, [1, -2]],
    ['float8e4m3fn', { int32Data: words([0x38, 0xc0]) }, [1, -2]],
    ['int4', { int32Data: words([0xf1]) }, [1, -1]],
    ['uint2', { int32Data: words([0b0111]) }, [3, 1]],
  ])('%s', (type, fields, expected) => {
    expect(numbers(typed(type, [2], fields))).toEqual(expected);
  });

  test('an odd number of packed elements', () => {
    expect(numbers(typed('uint4', [3], { int32Data: words([0x21, 0x03]) }))).toEqual([1, 2, 3]);
  });

  test('strings', () => {
    const stringData = ['a', 'ü'].map((text) => new TextEncoder().encode(text));
    expect(strings(typed('string', [2], { stringData }))).toEqual(['a', 'ü']);
  });
});

describe('what cannot be read says so', () => {
  const good = makeTensor('w', 'float', [2], [1, 2]);

  test.each<[string, Tensor, RegExp]>([
    ['too little data', { ...good, dims: [3] }, /"w" \[3\] needs 12 bytes but holds 8/],
    ['no data', { ...good, rawData: undefined }, /needs 2 elements but holds 0/],
    ['a negative dimension', { ...good, dims: [-1] }, /"w" \[-1\] has impossible dimensions/],
    ['a negative product', { ...good, dims: [2, -1] }, /impossible dimensions/],
    ['two negative dimensions', { ...good, dims: [-1, -2] }, /impossible dimensions/],
    ['an overflow', { ...good, dims: [2n ** 62n, 4] }, /impossible dimensions/],
    ['an unknown type', { ...good, dataType: 77 }, /element type 77/],
    ['strings as numbers', { ...good, dataType: 8 }, /string, which is not numeric/],
  ])('%s', (_, tensor, reason) => {
    expect(() => elements(tensor)).toThrow(reason);
  });

  test('typed data that is no whole number of elements', () => {
    const tensor = typed('float', [1], { floatData: payload(new Uint8Array(5)) });
    expect(() => elements(tensor)).toThrow(/"w"|"t"/);
  });
});

test('every numeric type can be made and read', () => {
  for (const { name, encoding } of dataTypes) {
    if (encoding === 'string' || encoding === 'complex') {
      expect(() => makeTensor('t', name, [1], [1])).toThrow(/cannot be made from numbers/);
    } else {
      expect(numbers(makeTensor('t', name, [1], [1]))).toEqual([1]);
    }
  }
});

test('new elements keep name, doc string and type', () => {
  const tensor = { ...makeTensor('w', 'float16', [2], [1, 2]), docString: 'why' };
  const changed = withElements(tensor, [1], [0.5]);
  expect(changed).toMatchObject({ name: 'w', docString: 'why', dataType: 10, dims: [1] });
  expect(numbers(changed)).toEqual([0.5]);
});

function typed(type: DataTypeName, dims: number[], fields: Partial<Tensor>): Tensor {
  return {
    ...makeTensor('t', 'float', dims, []),
    dataType: dataTypeNamed(type).code,
    rawData: undefined,
    ...fields,
  };
}
