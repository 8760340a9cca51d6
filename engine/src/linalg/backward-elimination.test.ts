import fc from 'fast-check';
import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { BackwardElimination } from './backward-elimination';
import { seededRandom } from './random';

function randomMatrix(rows: number, columns: number, seed: number): Matrix {
  const random = seededRandom(seed);
  return new Matrix(
    Array.from({ length: rows }, () => Array.from({ length: columns }, random.normal)),
  );
}

/** The least E‖W·x − V·x_rest‖² over V, by the normal equations. */
function leastError(covariance: Matrix, weights: Matrix, dropped: readonly number[]): number {
  const rest = [...Array(covariance.rows).keys()].filter((i) => !dropped.includes(i));
  const all = [...Array(covariance.rows).keys()];
  const whole = weights.mmul(covariance).mmul(weights.transpose()).trace();
  if (rest.length === 0) return whole;
  const cross = weights.mmul(covariance.selection(all, rest));
  const best = solve(covariance.selection(rest, rest), cross.transpose());
  return whole - cross.mmul(best).trace();
}

describe('backward elimination', () => {
  it('costs what the least squares of the remaining inputs lose, whatever went before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        (size, outputs, block, seed) => {
          const samples = randomMatrix(size, 3 * size + 5, seed);
          const covariance = samples.mmul(samples.transpose()).div(samples.columns);
          const weights = randomMatrix(outputs, size, seed + 1);
          const elimination = new BackwardElimination(
            Float64Array.from(covariance.to1DArray()),
            Float64Array.from(weights.transpose().mmul(weights).to1DArray()),
            size,
          );
          const order = seededRandom(seed).shuffle([...Array(size).keys()]);
          const gone: number[] = [];
          let error = 0;
          for (let from = 0; from < size; from += block) {
            const next = order.slice(from, from + block);
            error += elimination.cost(next);
            elimination.drop(next);
            gone.push(...next);
            expect(error).toBeCloseTo(leastError(covariance, weights, gone), 8);
          }
        },
      ),
    );
  });

  it('is refused where the covariance says nothing', () => {
    expect(() => new BackwardElimination(new Float64Array(4), new Float64Array(4), 2)).toThrow(
      RangeError,
    );
  });
});
