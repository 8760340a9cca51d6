import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetInMemory } from '../../data/memory-data';
import { openDataset } from '../../data/open';
import { readModelFile } from '../../onnx/read';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import type { Blueprint } from './blueprint';
import { draft } from './draft';
import { quantizeOptions } from './options';
import { prepare } from './prepare';
import fixture from './testing/ort-minmax.json';

const path = resolve('../shared/models/resnet20-cifar10-folded.onnx');
const images = resolve('../shared/data/cifar10-train8k-lossless.npz');

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

describe.skipIf(!existsSync(path))('minmax beside ONNX Runtime (skipped without ../shared)', () => {
  let blueprint: Blueprint;
  beforeAll(async () => {
    const data = await openDataset(images, {
      scale: '1/255',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    const [first] = await firstOf(data.batches(32));
    const calibration = datasetInMemory({
      name: 'the first 32 images',
      data: first.data as Float32Array,
      sampleDims: data.sampleDims,
    });
    const context = {
      runtime,
      calibration,
      signal: new AbortController().signal,
      seed: 0,
      progress: () => undefined,
    };
    const options = quantizeOptions.parse({
      calibrator: 'minmax',
      weight_range: 'minmax',
      reduce_range: 'never',
    });
    const model = await prepare(readModelFile(path).model, context);
    blueprint = await draft(model, options, context);
  });

  it('gives activations the same scales and zero points', () => {
    const expected = new Map(Object.entries(fixture.activations));
    expect(blueprint.grids.size).toBe(35);
    for (const [value, { scale, zeroPoint }] of blueprint.grids) {
      const [theirs, zero] = expected.get(value)!;
      // The two run the model with other kernels, whose sums differ in the last bits.
      expect(Math.abs(scale[0] / theirs - 1), value).toBeLessThan(1e-5);
      expect(zeroPoint[0], value).toBe(zero);
    }
  });

  it('gives weights the same scales, to the last bit', () => {
    const ours = [...blueprint.layers.values()].map(({ site, weight }) => [
      site.weight.name!,
      [...weight.grid.scale],
    ]);
    expect(Object.fromEntries(ours)).toEqual(fixture.weights);
  });
});

async function firstOf<T>(values: AsyncIterable<T>): Promise<[T]> {
  for await (const value of values) return [value];
  throw new Error('There is none.');
}
