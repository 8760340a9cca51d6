import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../linalg/random';
import { quantizedTypes } from '../quantized-type';
import { minmax } from './minmax';
import { mse, squaredError } from './mse';

const symmetric = { symmetric: true };
const types = quantizedTypes.filter(({ bits }) => bits <= 8);

function weights(seed: number, count: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

describe('mse', () => {
  it('is never worse than covering everything', () => {
    const values = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { maxLength: 200 });
    fc.assert(
      fc.property(values, fc.constantFrom(...types), (given, type) => {
        const all = Float32Array.from(given);
        const [clipped, whole] = [mse, minmax].map((each) => {
          return squaredError(all, each.range(all, type, symmetric), type, symmetric);
        });
        expect(clipped).toBeLessThanOrEqual(whole);
      }),
    );
  });

  it.each([
    // The best steps for 15, 7 and 3 levels (J. Max, Quantizing for minimum distortion, 1960).
    [4, 7 * 0.3534],
    [3, 3 * 0.6508],
    [2, 1.224],
  ])('clips normally distributed weights of %i bits at %f standard deviations', (bits, clip) => {
    const type = types.find((each) => each.bits === bits && each.signed)!;
    const { min, max } = mse.range(weights(1, 50_000), type, symmetric);
    expect(Math.abs(Math.max(-min, max) - clip)).toBeLessThan(0.05);
  });

  it('clips nothing of few weights that the codes hold exactly', () => {
    const type = types.find(({ name }) => name === 'int4')!;
    const exact = Float32Array.from({ length: 15 }, (_, i) => i - 7);
    expect(mse.range(exact, type, symmetric)).toEqual({ min: -7, max: 7 });
  });
});
