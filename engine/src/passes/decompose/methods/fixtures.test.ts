import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composeChain, relativeError } from '../compose';
import type { Kernel, Spectrum } from '../method';
import { evbmfRank } from '../rank/evbmf';
import { plainShape } from '../testing/random-layers';
import { methods } from './index';

interface ExpectedSpectrum {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
  readonly evbmf: number;
}

interface Expected {
  readonly kernels: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly weights: readonly number[];
    readonly spectra: Readonly<Record<'outputs' | 'inputs' | 'spatial', ExpectedSpectrum>>;
    readonly tucker2: readonly { readonly ranks: readonly number[]; readonly error: number }[];
    readonly cp: readonly { readonly rank: number; readonly error: number }[];
    readonly spatialSvd: readonly { readonly rank: number; readonly error: number }[];
    readonly decouple: readonly { readonly terms: number; readonly error: number }[];
    readonly decouplePwDw: readonly { readonly terms: number; readonly error: number }[];
  }[];
  readonly matrices: readonly ExpectedSpectrum[];
}

// Written by make-fixtures.py beside it, with NumPy and TensorLy.
const path = join(process.cwd(), 'test', 'fixtures', 'decompose', 'expected.json');
const { kernels, matrices } = JSON.parse(readFileSync(path, 'utf8')) as Expected;

const method = (id: string) => methods.find((each) => each.id === id)!;

function errorOf(kernel: Kernel, id: string, ranks: readonly number[]): number {
  return relativeError(kernel, composeChain(method(id).decompose(kernel, ranks), kernel.shape));
}

function expectSpectrum(actual: Spectrum, expected: ExpectedSpectrum): void {
  expect(actual.values).toHaveLength(expected.values.length);
  expected.values.forEach((value, i) => {
    expect(Math.abs(actual.values[i] - value)).toBeLessThanOrEqual(1e-5 * value + 1e-6);
  });
  expect(evbmfRank(actual)).toBe(expected.evbmf);
}

/** Norms, so the squared error may be greater by twice as much. */
const percent = 1.01 ** 2;

describe.each(kernels)('a $name kernel, as NumPy and TensorLy have it', (expected) => {
  const [outputs, inputs, ...window] = expected.shape;
  const shape = plainShape(outputs, inputs, window);
  const kernel: Kernel = { shape, data: Float32Array.from(expected.weights) };

  it('has the same singular values and ranks', () => {
    const [byInput, byOutput] = method('tucker2').spectra(kernel);
    expectSpectrum(byInput, expected.spectra.inputs);
    expectSpectrum(byOutput, expected.spectra.outputs);
    expectSpectrum(method('svd').spectra(kernel)[0], expected.spectra.outputs);
    if (method('spatial-svd').refuse(shape) === undefined) {
      expectSpectrum(method('spatial-svd').spectra(kernel)[0], expected.spectra.spatial);
    }
  });

  it.each(expected.tucker2)('loses no more by Tucker-2 at $ranks', ({ ranks, error }) => {
    expect(errorOf(kernel, 'tucker2', ranks)).toBeLessThanOrEqual(error * percent);
  });

  it.each(expected.cp)('loses no more by $rank components', ({ rank, error }) => {
    expect(errorOf(kernel, 'cp', [rank])).toBeLessThanOrEqual(error * percent);
  });

  it.runIf(method('spatial-svd').refuse(shape) === undefined)(
    'loses as much by spatial SVD',
    () => {
      for (const { rank, error } of expected.spatialSvd) {
        expect(errorOf(kernel, 'spatial-svd', [rank])).toBeCloseTo(error, 5);
      }
    },
  );

  it('loses as much by decoupling', () => {
    for (const { terms, error } of expected.decouple) {
      expect(errorOf(kernel, 'decouple', [terms])).toBeCloseTo(error, 5);
    }
    for (const { terms, error } of expected.decouplePwDw) {
      expect(errorOf(kernel, 'decouple-pw-dw', [terms])).toBeCloseTo(error, 5);
    }
  });
});

describe('ranks by EVBMF', () => {
  it.each(matrices)('$rows × $columns with rank $evbmf', ({ values, evbmf, ...size }) => {
    expect(evbmfRank({ ...size, values: Float64Array.from(values) })).toBe(evbmf);
  });
});
