import fc from 'fast-check';
import { expect, test } from 'vitest';
import { invertPositiveDefinite } from './inverse';

test('a matrix times its inverse is the identity', () => {
  const sized = fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      entries: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
        minLength: size * size,
        maxLength: size * size,
      }),
    }),
  );
  fc.assert(
    fc.property(sized, ({ size, entries }) => {
      const at = (i: number, j: number) => entries[i * size + j];
      // B·Bᵀ + I is positive definite whatever B is.
      const matrix = Float64Array.from({ length: size * size }, (_, k) => {
        const [i, j] = [Math.floor(k / size), k % size];
        let sum = i === j ? 1 : 0;
        for (let l = 0; l < size; l++) sum += at(i, l) * at(j, l);
        return sum;
      });
      const inverse = invertPositiveDefinite(matrix, size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = 0;
          for (let l = 0; l < size; l++) sum += matrix[i * size + l] * inverse[l * size + j];
          expect(sum).toBeCloseTo(i === j ? 1 : 0, 9);
        }
      }
    }),
  );
});
