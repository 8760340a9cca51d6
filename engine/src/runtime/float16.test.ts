import fc from 'fast-check';
import { expect, it } from 'vitest';
import { narrow, widen } from '../ir/float-formats';
import { toFloat16 } from './float16';

it('rounds as the exhaustive search for the nearest half does', () => {
  const nearHalves = fc
    .tuple(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(1, 1 + 2 ** -11, 1 - 2 ** -11, 1 + 2 ** -12),
    )
    .map(([code, factor]) => widen(Uint16Array.of(code), 'float16')[0] * factor);
  const value = fc.oneof(fc.float(), fc.float({ min: -70_000, max: 70_000 }), nearHalves);
  fc.assert(
    fc.property(value, (wide) => {
      const [single] = Float32Array.of(wide);
      fc.pre(!Number.isNaN(single));
      const values = widen(toFloat16(Float32Array.of(single)), 'float16');
      // The search does not tell the zeros apart: what underflows keeps its sign here.
      expect(values[0] + 0).toBe(
        widen(Uint16Array.from(narrow([single], 'float16')), 'float16')[0] + 0,
      );
      expect(Object.is(Math.sign(values[0]), Math.sign(single)) || values[0] === 0).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

it('brings every half back unchanged', () => {
  const codes = Uint16Array.from({ length: 0x10000 }, (_, code) => code);
  const values = widen(codes, 'float16');
  const isNumber = (_: number, i: number): boolean => !Number.isNaN(values[i]);
  expect(toFloat16(values).filter(isNumber)).toEqual(codes.filter(isNumber));
  expect(widen(toFloat16(Float32Array.of(NaN)), 'float16')[0]).toBeNaN();
});
