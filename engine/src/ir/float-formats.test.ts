import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataTypeNamed, type DataTypeName } from './data-type';
import { narrow, widen } from './float-formats';

const formats: DataTypeName[] = [
  'float16',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'float4e2m1',
  'float8e8m0',
];

function allCodes(type: DataTypeName): Uint16Array {
  return Uint16Array.from({ length: 2 ** dataTypeNamed(type).bits }, (_, code) => code);
}

describe.each(formats)('%s', (type) => {
  test('every code comes back, NaN as NaN', () => {
    const codes = allCodes(type);
    const values = widen(codes, type);
    const again = narrow(Array.from(values), type);
    codes.forEach((code, i) => {
      if (Number.isNaN(values[i])) expect(widen(Uint16Array.of(again[i]), type)[0]).toBeNaN();
      else expect(again[i]).toBe(code);
    });
  });

  test('rounding is to the nearest, ties to the even code', () => {
    const values = widen(allCodes(type), type);
    const finite = Array.from(values, (value, code) => ({ value, code }))
      .filter(({ value }) => Number.isFinite(value) && !Object.is(value, -0))
      .sort((a, b) => a.value - b.value);
    for (let i = 0; i + 1 < finite.length; i++) {
      const [low, high] = [finite[i], finite[i + 1]];
      const middle = (low.value + high.value) / 2;
      const quarter = (high.value - low.value) / 4;
      const even = low.code % 2 === 0 ? low : high;
      const got = narrow([middle - quarter, middle, middle + quarter], type);
      // Where zero is the nearest, its sign is that of the number.
      expect(Array.from(widen(Uint16Array.from(got), type), Math.abs)).toEqual(
        [low.value, even.value, high.value].map(Math.abs),
      );
    }
  });
});

describe('values that the specifications name', () => {
  test.each<[DataTypeName, number, number]>([
    ['float16', 0x3c00, 1],
    ['float16', 0x7bff, 65504],
    ['float16', 0x0001, 2 ** -24],
    ['float16', 0xfc00, -Infinity],
    ['bfloat16', 0x3f80, 1],
    ['bfloat16', 0x7f7f, 3.3895313892515355e38],
    ['float8e4m3fn', 0x7e, 448],
    ['float8e4m3fn', 0x01, 2 ** -9],
    ['float8e4m3fnuz', 0x7f, 240],
    ['float8e4m3fnuz', 0x80, NaN],
    ['float8e5m2', 0x7b, 57344],
    ['float8e5m2', 0x7c, Infinity],
    ['float8e5m2fnuz', 0x7f, 57344],
    ['float4e2m1', 0x7, 6],
    ['float4e2m1', 0x9, -0.5],
    ['float8e8m0', 127, 1],
    ['float8e8m0', 0, 2 ** -127],
    ['float8e8m0', 255, NaN],
  ])('%s %i is %d', (type, code, value) => {
    expect(widen(Uint16Array.of(code), type)[0]).toBe(value);
  });

  test.each<[DataTypeName, number, number]>([
    ['float16', 65519, 65504],
    ['float16', 65520, Infinity],
    ['float16', -1e300, -Infinity],
    ['float16', 2 ** -25, 0],
    ['bfloat16', 1e39, Infinity],
    ['float8e4m3fn', 1e6, 448],
    ['float8e4m3fn', -Infinity, -448],
    ['float8e5m2', 1e6, Infinity],
    ['float8e5m2fnuz', -1e6, -57344],
    ['float4e2m1', 100, 6],
    ['float4e2m1', -100, -6],
  ])('%s: %d rounds to %d', (type, value, expected) => {
    expect(widen(Uint16Array.from(narrow([value], type)), type)[0]).toBe(expected);
  });

  test.each<DataTypeName>(['float16', 'bfloat16', 'float8e4m3fn', 'float8e5m2', 'float4e2m1'])(
    '%s keeps the sign of what rounds to zero',
    (type) => {
      const [code] = narrow([-1e-60], type);
      expect(widen(Uint16Array.of(code), type)[0]).toBe(-0);
    },
  );
});

test('bfloat16 agrees with rounding the bits of a float32', () => {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  const property = fc.property(fc.float({ noNaN: true }), (value) => {
    float[0] = value;
    const rounded = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
    expect(narrow([value], 'bfloat16')[0]).toBe(rounded & 0xffff);
  });
  fc.assert(property, { numRuns: 5000, seed: 1 });
});
