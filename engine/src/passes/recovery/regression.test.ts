import fc from 'fast-check';
import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import { Moments } from './moments';
import { correct } from './regression';

interface Rows {
  readonly x: number[][];
  readonly r: number[][];
}

/** Residuals that are linear in the features up to noise, with an offset. */
function makeRows(
  count: number,
  inputs: number,
  outputs: number,
  noise: number,
  seed: number,
): Rows {
  const random = seededRandom(seed);
  const weights = Array.from({ length: outputs }, () =>
    Array.from({ length: inputs }, random.normal),
  );
  const x = Array.from({ length: count }, () =>
    Array.from({ length: inputs }, () => 2 + random.normal()),
  );
  const r = x.map((row) =>
    weights.map(
      (each, o) => each.reduce((sum, w, i) => sum + w * row[i], o + 1) + noise * random.normal(),
    ),
  );
  return { x, r };
}

function momentsOf({ x, r }: Rows): Moments {
  const moments = new Moments(1, [x[0].length], r[0].length);
  const products = (a: number[][], b: number[][]): number[] =>
    new Matrix(a).transpose().mmul(new Matrix(b)).to1DArray();
  const ones = x.map(() => [1]);
  moments.add(x.length, {
    gram: products(x, x),
    cross: products(r, x),
    inputSum: products(x, ones),
    residualSum: products(r, ones),
  });
  return moments;
}

describe('the correction', () => {
  it('is the least-squares solution with an offset where there is no noise to fear', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (inputs, outputs, seed) => {
          const rows = makeRows(400, inputs, outputs, 0, seed);
          const held = makeRows(100, inputs, outputs, 0, seed);
          const { delta, offset, ridge } = correct(momentsOf(rows), momentsOf(held), true);
          const design = new Matrix(rows.x.map((row) => [...row, 1]));
          const normal = design.transpose().mmul(design);
          const expected = solve(normal, design.transpose().mmul(new Matrix(rows.r)));
          expect(ridge).toBe(1e-5);
          for (let o = 0; o < outputs; o++) {
            for (let i = 0; i < inputs; i++) {
              // The ridge of 1e-5 shrinks by about as much.
              expect(delta[o * inputs + i]).toBeCloseTo(expected.get(i, o), 2);
            }
            expect(offset[o]).toBeCloseTo(expected.get(inputs, o), 1);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('makes the mean residual vanish, whatever the ridge', () => {
    const rows = makeRows(50, 4, 3, 1, 3);
    const all = momentsOf(rows);
    const { delta, offset } = correct(all, new Moments(1, [4], 3), true);
    for (let o = 0; o < 3; o++) {
      let mean = -offset[o];
      for (let i = 0; i < 4; i++) mean -= (delta[o * 4 + i] * all.inputSum[i]) / 50;
      expect(mean + all.residualSum[o] / 50).toBeCloseTo(0, 10);
    }
  });

  it('leaves a layer alone whose residuals have nothing to do with its inputs', () => {
    const random = seededRandom(1);
    const noise = (rows: number): Rows => ({
      x: Array.from({ length: rows }, () => Array.from({ length: 30 }, random.normal)),
      r: Array.from({ length: rows }, () => [random.normal()]),
    });
    const { delta, ridge } = correct(momentsOf(noise(40)), momentsOf(noise(4000)), false);
    expect(ridge).toBe(Infinity);
    expect(delta.every((each) => each === 0)).toBe(true);
  });
});
