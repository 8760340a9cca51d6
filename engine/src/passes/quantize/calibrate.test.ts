import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetInMemory } from '../../data/memory-data';
import { parseModel } from '../../onnx/text/parse';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import { activationGrids, observe } from './calibrate';
import { calibrators } from './calibrators/index';
import { minmax } from './calibrators/minmax';
import { movingAverage } from './calibrators/moving-average';
import { quantizedType } from './quantized-type';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
g (float[N,2] x) => (float[N,2] y) {
  y = Exp(x)
}`);
const sites = [{ values: ['x', 'y'], observed: ['x', 'y'] }];

/** Forty samples, the i-th of which holds i and −i. */
const ramp = Float32Array.from({ length: 80 }, (_, i) => (i % 2 ? -1 : 1) * Math.floor(i / 2));

function contextFor(data: Float32Array) {
  return {
    runtime,
    calibration: datasetInMemory({ name: 'ramp', data, sampleDims: [2] }),
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
  };
}

describe('observe', () => {
  it('folds batch by batch where a calibrator does', async () => {
    const seen = await observe(model, sites, movingAverage, contextFor(ramp));
    // Batches of 16, 16 and 8 samples, whose largest values are 15, 31 and 39.
    expect(seen.get('x')!.max).toBeCloseTo((15 + 31 + 39) / 3, 5);
  });

  it('gives values of one set the same grid, which covers all of them', async () => {
    const seen = await observe(model, sites, minmax, contextFor(ramp));
    const type = quantizedType('uint8');
    const grids = activationGrids(sites, seen, minmax, () => ({ type, symmetric: false }));
    expect(grids.get('x')).toBe(grids.get('y'));
    expect(grids.get('x')!.scale[0]).toBe(Math.fround((Math.fround(Math.exp(39)) + 39) / 255));
  });

  it.each(calibrators)('names a value that becomes infinite: $id', async (calibrator) => {
    const infinite = observe(model, sites, calibrator, contextFor(Float32Array.of(0, 1, 90, 2)));
    await expect(infinite).rejects.toMatchObject({ code: 'not-finite' });
    await expect(infinite).rejects.toThrow('"y" becomes infinite');
  });
});
