import fc from 'fast-check';
import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import { Moments } from './moments';
import { correct } from './regression';

interface Rows {
  readonly x: number[][];
  readonly r: number[][];
  /** What the outputs should be; the residuals where the weights at hand are zero. */
  readonly t?: number[][];
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

function momentsOf({ x, r, t = r }: Rows): Moments {
  const moments = new Moments(1, [x[0].length], r[0].length);
  const products = (a: number[][], b: number[][]): number[] =>
    new Matrix(a).transpose().mmul(new Matrix(b)).to1DArray();
  const ones = x.map(() => [1]);
  moments.add(x.length, {
    gram: products(x, x),
    cross: products(r, x),
    inputSum: products(x, ones),
    residualSum: products(r, ones),
    targetSum: products(t, ones),
    targetSquares: t[0].map((_, o) => t.reduce((sum, row) => sum + row[o] ** 2, 0)),
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

  it('gives the outputs the variance of their targets where that is asked for', () => {
    const rows = makeRows(500, 4, 3, 0.5, 5);
    const part = (from: number, to: number): Moments =>
      momentsOf({ x: rows.x.slice(from, to), r: rows.r.slice(from, to) });
    const zero = new Float64Array(12);
    const { delta, offset } = correct(part(0, 400), part(400, 500), true, zero);
    for (let o = 0; o < 3; o++) {
      const given = rows.x.map((row) =>
        row.reduce((sum, x, i) => sum + x * delta[o * 4 + i], offset[o]),
      );
      const wanted = rows.r.map((row) => row[o]);
      expect(variance(given) / variance(wanted)).toBeCloseTo(1, 8);
    }
  });
});

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length;
}
