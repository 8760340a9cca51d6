/** Equalization changes no output, and makes the ranges of weights equal where it can. */

import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runModel, type Feeds } from '../../../../test/support/masked-equals-cut';
import { randomFeeds, weightedModel } from '../../../../test/support/weighted-text';
import { datasetInMemory } from '../../data/memory-data';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import { seededRandom } from '../../linalg/random';
import { readModelFile } from '../../onnx/read';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import type { PassContext } from '../pass';
import { equalize } from './equalize';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const run = (model: Model, options: object = {}, context: Partial<PassContext> = {}) =>
  equalize.run(model, equalize.options.parse(options), {
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
    runtime,
    ...context,
  });

/** Largest difference of all outputs relative to the largest value. */
async function difference(a: Model, b: Model, feeds: Feeds): Promise<number> {
  const [expected, actual] = [await runModel(a, feeds), await runModel(b, feeds)];
  let worst = 0;
  for (const [name, { data }] of expected) {
    const other = actual.get(name)!.data as Float32Array;
    const largest = (data as Float32Array).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    (data as Float32Array).forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - other[i]) / largest);
    });
  }
  return worst;
}

const activations = {
  none: 'Identity (IN)',
  relu: 'Relu (IN)',
  leaky: 'LeakyRelu <alpha = 0.1> (IN)',
  prelu: 'PRelu (IN, slope)',
  relu6: 'Clip (IN, zero, six)',
  pool: 'MaxPool <kernel_shape = [2, 2], pads = [1, 1, 0, 0]> (IN)',
};
type Activation = keyof typeof activations;

/** Conv (grouped or not), depthwise Conv, Conv and two Gemms, with anything homogeneous between. */
function network(
  between: readonly Activation[],
  groups: number,
  norm: boolean,
  seed: number,
): Model {
  const act = (i: number, from: string): string =>
    `a${i} = ${activations[between[i]].replace('IN', from)}`;
  return weightedModel(
    `(float[N,4,6,6] x) => (float[N,3] y)
     <float[6,${4 / groups},3,3] w1, float[6] b1, float[6,1,3,3] w2, float[8,6,1,1] w3, float[8] b3,
      float[8,5] w4, float[5] b4, float[3,5] w5, float[6,1,1] slope,
      float[6] scale, float[6] shift, float[6] mean, float[6] variance,
      float zero = {0}, float six = {6}> {
       c1 = Conv <group = ${groups}, pads = [1, 1, 1, 1]> (x, w1, b1)
       n1 = ${norm ? 'BatchNormalization (c1, scale, shift, mean, variance)' : 'Identity (c1)'}
       ${act(0, 'n1')}
       c2 = Conv <group = 6, pads = [1, 1, 1, 1]> (a0, w2)
       ${act(1, 'c2')}
       c3 = Conv (a1, w3, b3)
       r3 = Relu (c3)
       p3 = GlobalAveragePool (r3)
       f3 = Flatten (p3)
       g4 = Gemm <alpha = 0.5> (f3, w4, b4)
       r4 = LeakyRelu (g4)
       y = Gemm <transB = 1> (r4, w5)
     }`,
    { seed },
  );
}

const anyActivation = fc.constantFrom(...(Object.keys(activations) as Activation[]));

describe('equalize', () => {
  it('keeps the outputs of networks of all kinds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(anyActivation, anyActivation),
        fc.constantFrom(1, 2),
        fc.boolean(),
        fc.constantFrom('keep', 'per-channel'),
        fc.nat(1000),
        async (between, groups, norm, relu6, seed) => {
          const model = network(between, groups, norm, seed);
          const bytes = encodeModel(model);
          const result = await run(model, { relu6 });
          expect(result.changed).toBe(true);
          expect(Buffer.compare(encodeModel(model), bytes)).toBe(0);
          expect(await difference(model, result.model, randomFeeds(model, seed))).toBeLessThan(
            1e-5,
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('makes the three ranges around a depthwise layer their geometric mean', async () => {
    const model = weightedModel(
      `(float[1,2,4,4] x) => (float[1,2,4,4] y)
       <float[3,2,1,1] w1, float[3,1,1,1] w2, float[2,3,1,1] w3> {
         a = Conv (x, w1)
         b = Relu (a)
         c = Conv <group = 3> (b, w2)
         d = Relu (c)
         y = Conv (d, w3)
       }`,
    );
    const weights = (of: Model) =>
      ['w1', 'w2', 'w3'].map((name) =>
        floats(of.graph!.initializer.find((each) => each.name === name)!),
      );
    const ranges = ([w1, w2, w3]: Float32Array[]) =>
      [0, 1, 2].map((c) => [
        Math.max(Math.abs(w1[2 * c]), Math.abs(w1[2 * c + 1])),
        Math.abs(w2[c]),
        Math.max(Math.abs(w3[c]), Math.abs(w3[3 + c])),
      ]);
    const after = ranges(weights((await run(model)).model));
    ranges(weights(model)).forEach(([r1, r2, r3], c) => {
      for (const range of after[c]) expect(range / Math.cbrt(r1 * r2 * r3)).toBeCloseTo(1, 3);
    });
  });

  /** Three channels that only zeros read or that are constant, each with the largest weight there is. */
  const withDeadChannels = weightedModel(
    `(float[N,2,4,4] x) => (float[N,2,4,4] y)
     <float[4,2,1,1] w1 = {1, 2, 3, -1, 0, 0, 2, 1}, float[4] b1 = {0, 1, 2, 0},
      float[4,1,1,1] w2 = {3, 50, 80, 1}, float[4] b2 = {1, -1, 2, 1},
      float[2,4,1,1] w3 = {1, 0, 4, 2, -2, 0, 1, 3}, float zero = {0}, float six = {6}> {
       a = Conv (x, w1, b1)
       b = Clip (a, zero, six)
       c = Conv <group = 4> (b, w2, b2)
       d = Clip (c, zero, six)
       y = Conv (d, w3)
     }`,
  );

  it.each(['keep', 'within', 'per-channel'])(
    'lets no dead channel decide how coarse the steps are (relu6: %s)',
    async (relu6) => {
      const { model, notes } = await run(withDeadChannels, { relu6 });
      const feeds = randomFeeds(withDeadChannels, 3);
      expect(await difference(withDeadChannels, model, feeds)).toBeLessThan(1e-5);
      const initializers = model.graph!.initializer;
      const depthwise = floats(initializers.find(({ name }) => name === 'w2')!);
      // What only zeros read is free; the constant channel is a value that the bound may hold.
      expect(depthwise[1]).toBeLessThanOrEqual(Math.max(depthwise[0], depthwise[2], depthwise[3]));
      if (relu6 === 'per-channel') expect(depthwise[2]).toBeLessThan(depthwise[0] * 1.001);
      expect(notes.some(({ reason }) => reason.includes('1 of its channels'))).toBe(true);
    },
  );

  it('leaves what is added to something else, read twice, or given as an output', async () => {
    const { changed, notes, issues } = await run(
      weightedModel(
        `(float[1,2,4,4] x) => (float[1,2,4,4] y, float[1,2,4,4] z)
         <float[2,2,1,1] w1, float[2,2,1,1] w2, float[2,2,1,1] w3, float[2,2,1,1] w4> {
           a = Conv (x, w1)
           b = Add (a, x)
           z = Conv (b, w2)
           c = Conv (z, w3)
           d = Sigmoid (c)
           y = Conv (d, w4)
         }`,
      ),
    );
    expect(changed).toBe(false);
    expect(issues.map(({ code }) => code)).toEqual(['nothing-equalized']);
    expect(notes.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('Add'),
      'Left: it is an output of the model.',
      expect.stringContaining('Sigmoid'),
      'Left: it is an output of the model.',
    ]);
  });

  it('drops an upper bound only where that is asked for, and says so', async () => {
    const model = network(['relu6', 'relu'], 1, false, 5);
    const kept = await run(model);
    expect(kept.notes.some(({ reason }) => reason.includes('bounded at 6'))).toBe(true);
    const replaced = await run(model, { relu6: 'replace' });
    expect(replaced.model.graph!.node.some(({ opType }) => opType === 'Clip')).toBe(false);
    expect(replaced.issues.map(({ code }) => code)).toContain('bounds-dropped');
  });

  it('scales within a bound only the channels that stay below it', async () => {
    const model = network(['relu6', 'relu'], 1, false, 6);
    const calibration = samplesOf(64, [4, 6, 6]);
    const { model: result } = await run(model, { relu6: 'within' }, { calibration });
    expect(result.graph!.node.filter(({ opType }) => opType === 'Clip')).toHaveLength(1);
    for await (const batch of calibration.batches(64)) {
      const feeds = {
        x: new Tensor('float32', Float32Array.from(batch.data as Float32Array), [64, 4, 6, 6]),
      };
      expect(await difference(model, result, feeds)).toBeLessThan(1e-5);
    }
  });

  it('absorbs biases that three deviations leave, by BatchNormalization or by data', async () => {
    const model = weightedModel(
      `(float[N,2,4,4] x) => (float[N,2,4,4] y)
       <float[3,2,1,1] w1, float[2,3,1,1] w2, float[3] scale = {0.5, 0.5, 0.5},
        float[3] shift = {4, 0, 9}, float[3] mean = {0, 0, 0}, float[3] variance = {1, 1, 1}> {
         a = Conv (x, w1)
         b = BatchNormalization (a, scale, shift, mean, variance)
         c = Relu (b)
         y = Conv (c, w2)
       }`,
    );
    const absorbed = await run(model, { absorb_bias: true });
    expect(absorbed.notes[0].reason).toContain('biases of 2 channels absorbed');
    // Values within three deviations, which is what the moments promise.
    const small = {
      x: new Tensor(
        'float32',
        new Float32Array(32).map((_, i) => Math.sin(i)),
        [1, 2, 4, 4],
      ),
    };
    expect(await difference(model, absorbed.model, small)).toBeLessThan(1e-5);
    const folded = (await run(model)).model;
    const blind = await run(folded, { absorb_bias: true });
    expect(blind.notes[0].reason).toContain('neither BatchNormalization nor calibration data');
    const calibration = samplesOf(200, [2, 4, 4]);
    const measured = await run(folded, { absorb_bias: true }, { calibration });
    expect(measured.notes[0].reason).toContain('channels absorbed');
  });
});

function samplesOf(samples: number, sampleDims: readonly number[]) {
  const random = seededRandom(4);
  const size = sampleDims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: samples * size }, () => random.normal());
  return datasetInMemory({ name: 'noise', data, sampleDims });
}

const folder = '../shared/models';

describe.skipIf(!existsSync(folder))('trained models (need ../shared)', () => {
  it.each([
    'resnet20-cifar10-bn',
    'squeezenet_v1.0-deepcompressed',
    'mobilenetv1_0.25-vww96',
    'dscnn-kws',
    'fc-autoencoder-toycar',
    'mobilenet_v1_0.25_224-bn',
  ])('keeps the outputs of %s', async (name) => {
    const { model } = readModelFile(`${folder}/${name}.onnx`);
    const { model: result, changed, notes } = await run(model, { relu6: 'per-channel' });
    expect(changed).toBe(true);
    expect(await difference(model, result, randomFeeds(model))).toBeLessThan(1e-4);
    for (const { before, after } of notes) expect(after).toBeLessThanOrEqual(before + 1);
  });
});
