import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asFloatLiteral, doubleText, floatText } from './shortest';

describe('floatText', () => {
  it('reads back to the same float32 with the fewest digits', () => {
    const anyFloat = fc.integer().map((bits) => new Float32Array(Int32Array.of(bits).buffer)[0]);
    const finite = anyFloat.filter(Number.isFinite);
    const ordinary = fc.double({ min: -100, max: 100, noNaN: true }).map(Math.fround);
    fc.assert(
      fc.property(fc.oneof(finite, ordinary), (value) => {
        const text = floatText(value);
        expect(Math.fround(Number(text))).toBe(value);
        const digits = text.replace(/e.*|[-.]/g, '').replace(/^0+|0+$/g, '').length;
        const fewer = Number(value.toPrecision(Math.max(digits - 1, 1)));
        if (digits > 1) expect(Math.fround(fewer)).not.toBe(value);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    [0.1, '0.1'],
    [-0, '-0'],
    [16777216, '16777216'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1.401298464324817e-45, '1e-45'],
    [1e-3, '0.001'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
  ])('%s', (value, text) => {
    expect(floatText(Math.fround(value))).toBe(text);
  });
});

it('doubleText keeps every double', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(doubleText(value))).toBe(value);
    }),
  );
});

it('asFloatLiteral marks whole numbers as floats', () => {
  expect(['1', '-0', '1e+21', 'inf', '2.5'].map(asFloatLiteral)).toEqual([
    ...['1.0', '-0.0', '1e+21', 'inf', '2.5'],
  ]);
});
