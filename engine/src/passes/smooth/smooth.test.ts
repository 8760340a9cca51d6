/** Smoothing changes no output, and brings the channels that products read closer together. */

import { existsSync } from 'node:fs';
import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runModel } from '../../../../test/support/masked-equals-cut';
import { weightedModel } from '../../../../test/support/weighted-text';
import { datasetInMemory } from '../../data/memory-data';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { readModelFile } from '../../onnx/read';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import { smooth } from './smooth';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const quiet = { signal: new AbortController().signal, seed: 0, progress: () => undefined };

/** Smooths on noise of the given size and compares the outputs on the first samples of it. */
async function check(model: Model, sampleDims: readonly number[], options: object = {}) {
  const size = sampleDims.reduce((a, b) => a * b, 1);
  const random = seededRandom(2);
  const data = Float32Array.from({ length: 8 * size }, () => random.normal());
  const calibration = datasetInMemory({ name: 'noise', data, sampleDims });
  const context = { ...quiet, runtime, calibration };
  const result = await smooth.run(model, smooth.options.parse(options), context);
  const feeds = {
    [model.graph!.input[0].name!]: new Tensor(data.slice(0, 2 * size), [2, ...sampleDims]),
  };
  const [expected, actual] = [await runModel(model, feeds), await runModel(result.model, feeds)];
  let worst = 0;
  for (const [name, { data: values }] of expected) {
    const other = actual.get(name)!.data as Float32Array;
    const largest = (values as Float32Array).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    (values as Float32Array).forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - other[i]) / largest);
    });
  }
  return { ...result, worst };
}

const transformer = (norm: string, seed: number): Model =>
  weightedModel(
    `(float[N,5,8] x) => (float[N,5,8] y, float[N,5,4] z)
     <float[8] scale, float[8] shift, float[8,6] a, float[8,4] b, float[6,8] c, float[6] bias> {
       ${norm}
       p = MatMul (n, a)
       z = MatMul (n, b)
       q = Add (p, bias)
       r = Relu (q)
       y = MatMul (r, c)
     }`,
    { seed },
  );

describe('smooth', () => {
  it.each([
    ['LayerNormalization', 'n = LayerNormalization (x, scale, shift)'],
    ['factor and offset', 'm = Mul (x, scale)\n n = Add (m, shift)'],
  ])('keeps the outputs behind %s, which several products read', async (_, norm) => {
    for (const seed of [1, 2, 3]) {
      const { worst, changed, notes } = await check(transformer(norm, seed), [5, 8]);
      expect(changed).toBe(true);
      expect(notes).toHaveLength(2);
      expect(worst).toBeLessThan(1e-5);
    }
  });

  it('moves all of the spread at alpha 1, and more at more', async () => {
    const model = transformer('n = LayerNormalization (x, scale, shift)', 4);
    const left = [];
    for (const alpha of [0.25, 0.5, 1]) {
      left.push((await check(model, [5, 8], { alpha })).notes[0].after);
    }
    expect(left[2]).toBeCloseTo(0, 5);
    expect(left[2]).toBeLessThan(left[1]);
  });

  it('leaves what comes from elsewhere, with the reason, and asks for data', async () => {
    const model = weightedModel(
      `(float[N,4] x) => (float[N,4] y) <float[4,4] a, float[4,4] b> {
         p = MatMul (x, a)
         q = Sigmoid (p)
         y = MatMul (q, b)
       }`,
    );
    const { changed, notes, issues } = await check(model, [4]);
    expect(changed).toBe(false);
    expect(issues.map(({ code }) => code)).toEqual(['nothing-smoothed']);
    expect(notes.map(({ reason }) => reason)).toEqual([
      'Left: it reads an input of the model.',
      expect.stringContaining('Sigmoid'),
    ]);
    await expect(smooth.run(model, smooth.options.parse({}), quiet)).rejects.toThrow(CoppiceError);
  });
});

const folder = '../shared/models';

describe.skipIf(!existsSync(folder))('trained models (need ../shared)', () => {
  it.each([
    ['ppocrv4-rec', [3, 48, 64]],
    ['fc-autoencoder-toycar', [640]],
  ])('keeps the outputs of %s', async (name, dims) => {
    const { model } = readModelFile(`${folder}/${name}.onnx`);
    const { worst, changed } = await check(model, dims);
    expect(changed).toBe(true);
    expect(worst).toBeLessThan(1e-3);
  });
});
