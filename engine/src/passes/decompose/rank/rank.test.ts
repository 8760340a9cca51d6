import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../../linalg/matrix';
import { seededRandom } from '../../../linalg/random';
import { spectrumOf } from '../algebra/subspace';
import type { Spectrum } from '../method';
import { calibratedRank } from './calibration';
import { energyRank } from './energy';
import { evbmfRank } from './evbmf';

const spectrum = (rows: number, columns: number, values: readonly number[]): Spectrum => ({
  rows,
  columns,
  values: Float64Array.from(values),
});

/** What a product of two random matrices and noise has for singular values. */
function noisy(rows: number, columns: number, rank: number, noise: number, seed: number): Spectrum {
  const random = seededRandom(seed);
  const left = Array.from({ length: rows * rank }, random.normal);
  const right = Array.from({ length: rank * columns }, random.normal);
  const a = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = noise * random.normal();
      for (let k = 0; k < rank; k++) sum += left[i * rank + k] * right[k * columns + j];
      a.data[i * columns + j] = sum;
    }
  }
  return spectrumOf(a);
}

describe('EVBMF', () => {
  it('finds the rank behind a little noise, however the matrix lies', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 24, max: 40 }),
        fc.integer({ min: 40, max: 90 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(),
        (rows, columns, rank, seed) => {
          expect(evbmfRank(noisy(rows, columns, rank, 0.3, seed))).toBe(rank);
          expect(evbmfRank(noisy(columns, rows, rank, 0.3, seed))).toBe(rank);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('does not depend on the scale', () => {
    const { values, rows, columns } = noisy(30, 70, 6, 1.5, 3);
    const rank = evbmfRank({ values, rows, columns });
    for (const scale of [1e-12, 1e-3, 1e9]) {
      expect(evbmfRank({ values: values.map((value) => value * scale), rows, columns })).toBe(rank);
    }
  });

  it('gives one for noise, for zeros and for a single row', () => {
    expect(evbmfRank(noisy(40, 80, 0, 1, 5))).toBe(1);
    expect(evbmfRank(spectrum(3, 4, [0, 0, 0]))).toBe(1);
    expect(evbmfRank(spectrum(1, 9, [4]))).toBe(1);
    expect(evbmfRank(spectrum(9, 1, [4]))).toBe(1);
    expect(evbmfRank(spectrum(1, 1, [4]))).toBe(1);
    expect(evbmfRank(spectrum(2, 2, [4, 4]))).toBeLessThanOrEqual(2);
  });

  it('counts the values of an exact rank', () => {
    expect(evbmfRank(noisy(20, 50, 4, 0, 7))).toBe(4);
    expect(evbmfRank(spectrum(8, 30, [5, 4, 3, 0, 0, 0, 0, 0]))).toBe(3);
  });
});

describe('the kept energy', () => {
  it('keeps as few values as it takes', () => {
    const values = spectrum(4, 9, [3, 2, 1, 1]);
    expect(energyRank(values, 0.6)).toBe(1);
    expect(energyRank(values, 0.61)).toBe(2);
    expect(energyRank(values, 13 / 15)).toBe(2);
    expect(energyRank(values, 0.9)).toBe(3);
    expect(energyRank(values, 1)).toBe(4);
  });

  it('is at least one, of zeros too', () => {
    expect(energyRank(spectrum(3, 3, [0, 0, 0]), 0.9)).toBe(1);
    expect(energyRank(spectrum(3, 3, [1, 0, 0]), 0)).toBe(1);
  });
});

describe('the calibration ratio', () => {
  it('moves the rank as the documented example does', () => {
    expect(calibratedRank(32, 64, 0.2)).toBe(38);
    expect(calibratedRank(32, 64, -0.2)).toBe(26);
    expect(calibratedRank(32, 64, 0)).toBe(32);
    expect(calibratedRank(32, 64, 1)).toBe(64);
  });

  it('stays between one and the full rank', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (rank, ratio) => {
          const moved = calibratedRank(rank, 64, ratio);
          expect(moved).toBeGreaterThanOrEqual(1);
          expect(moved).toBeLessThanOrEqual(64);
          expect(Math.sign(moved - rank) * Math.sign(ratio)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
