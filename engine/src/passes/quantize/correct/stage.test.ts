import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../../test/support/weighted-text';
import type { Dataset } from '../../../data/dataset';
import { datasetInMemory } from '../../../data/memory-data';
import { openDataset } from '../../../data/open';
import type { Model } from '../../../ir/model';
import { seededRandom } from '../../../linalg/random';
import { readModelFile } from '../../../onnx/read';
import { encodeModel } from '../../../onnx/write';
import { startRuntime } from '../../../runtime/client';
import { openModel } from '../../../runtime/open-model';
import type { Runtime } from '../../../runtime/runtime';
import type { Blueprint } from '../blueprint';
import { draft } from '../draft';
import { quantizeOptions } from '../options';
import { prepare } from '../prepare';
import { simulate } from '../simulate';
import { writeQdq } from '../write/qdq';
import { corrections } from './stage';
import type { WalkContext } from './walk';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

function contextFor(calibration: Dataset): WalkContext {
  const { signal } = new AbortController();
  return { runtime, calibration, signal, seed: 1, progress: () => undefined };
}

function normal(sampleDims: readonly number[], samples = 64): Dataset {
  const random = seededRandom(5);
  const size = samples * sampleDims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, random.normal);
  return datasetInMemory({ name: 'normal', data, sampleDims });
}

async function corrected(model: Model, context: WalkContext, choice: object): Promise<Blueprint> {
  const options = quantizeOptions.parse({ rounding: 'nearest', ...choice });
  const prepared = await prepare(model, context);
  return corrections(await draft(prepared, options, context), options, context);
}

/** What the named outputs are on all samples, one batch. */
async function valuesOf(model: Model, data: Dataset, keepQuantizers = true): Promise<Float32Array> {
  const session = await openModel(runtime, model, { keepQuantizers });
  try {
    for await (const { dims, data: values } of data.batches(data.samples)) {
      const [input] = session.inputs;
      const results = await session.run({ [input.name]: { type: 'float', dims, data: values } });
      return results[session.outputs[0]].data as Float32Array;
    }
    return new Float32Array();
  } finally {
    await session.close();
  }
}

/** 20·log₁₀ of signal to error. */
function sqnr(reference: Float32Array, given: Float32Array): number {
  let signal = 0;
  let error = 0;
  reference.forEach((value, i) => {
    signal += value * value;
    error += (value - given[i]) ** 2;
  });
  return 10 * Math.log10(signal / error);
}

function channelMeans(values: Float32Array, samples: number, channels: number): number[] {
  const plane = values.length / samples / channels;
  const means = new Array<number>(channels).fill(0);
  values.forEach((value, at) => {
    means[Math.floor(at / plane) % channels] += value / samples / plane;
  });
  return means;
}

const chain = `(float[N,3,6,6] x) => (float[N,6] y)
  <float[4,3,3,3] u, float[4,4,3,3] v, float[4] a, float[6,4] w> {
    h = Conv(x, u) r = Relu(h) s = Conv<pads=[1,1,1,1]>(r, v, a) t = Relu(s)
    p = GlobalAveragePool(t) f = Flatten(p) y = Gemm<transB=1>(f, w)
  }`;

describe('bias correction', () => {
  it('leaves no shift in the mean of any channel, layer after layer', async () => {
    const data = normal([3, 6, 6]);
    const context = contextFor(data);
    const options = { weights: 'int4', correct_bias: 'empirical', activations: 'uint16' };
    const blueprint = await corrected(weightedModel(chain), context, options);
    const [float, quantized] = [blueprint.model, simulate(blueprint)];
    const before = channelMeans(await valuesOf(float, data), 64, 6);
    const after = channelMeans(await valuesOf(quantized, data), 64, 6);
    const nearest = await corrected(weightedModel(chain), context, {
      ...options,
      correct_bias: 'none',
    });
    const left = channelMeans(await valuesOf(simulate(nearest), data), 64, 6);
    const shift = (means: number[]): number =>
      Math.max(...means.map((mean, i) => Math.abs(mean - before[i])));
    expect(shift(left)).toBeGreaterThan(0.05);
    expect(shift(after)).toBeLessThan(1e-3);
    expect([...blueprint.layers.values()].every(({ bias }) => bias)).toBe(true);
  });

  it('is written as it was simulated, also where there was no bias', async () => {
    const data = normal([3, 6, 6]);
    const blueprint = await corrected(weightedModel(chain), contextFor(data), {
      correct_bias: 'empirical',
    });
    const written = await valuesOf(writeQdq(blueprint), data);
    const simulated = await valuesOf(simulate(blueprint), data);
    expect(sqnr(simulated, written)).toBeGreaterThan(40);
  });

  it('leaves a MatMul alone, which takes no bias', async () => {
    const model = weightedModel(
      '(float[N,4,8] x) => (float[N,4,5] y) <float[8,5] w> { y = MatMul(x, w) }',
    );
    const data = normal([4, 8]);
    const blueprint = await corrected(model, contextFor(data), { correct_bias: 'empirical' });
    expect([...blueprint.layers.values()].map(({ bias }) => bias)).toEqual([undefined]);
    expect((await valuesOf(writeQdq(blueprint), data)).length).toBe(64 * 20);
  });
});

describe('GPTQ, the choice below eight bits,', () => {
  it('gives the same bytes for the same seed', async () => {
    const context = contextFor(normal([3, 6, 6]));
    const bytes = async (): Promise<Uint8Array> =>
      encodeModel(
        writeQdq(
          await corrected(weightedModel(chain), context, { weights: 'int4', rounding: 'auto' }),
        ),
      );
    expect(await bytes()).toEqual(await bytes());
  });
});

const folder = '../shared';
describe.skipIf(!existsSync(`${folder}/models`))(
  'ResNet-8 of ../shared (skipped without it)',
  () => {
    const weights = { weights: 'int4', correct_bias: 'none' };
    let model: Model;
    let context: WalkContext;
    let test: Dataset;
    let reference: Float32Array;
    beforeAll(async () => {
      model = readModelFile(`${folder}/models/resnet8-cifar10.onnx`).model;
      const data = await openDataset(`${folder}/data/cifar10-train8k-lossless.npz`, {});
      context = contextFor(data.sample(32, 1));
      test = (await openDataset(`${folder}/data/cifar10-test1017-lossless.npz`, {})).sample(128, 1);
      reference = await valuesOf(model, test);
    });

    it('gives more of its output at four bits, the more is corrected', async () => {
      const reached = async (choice: object): Promise<number> => {
        const blueprint = await corrected(model, context, { ...weights, ...choice });
        return sqnr(reference, await valuesOf(simulate(blueprint), test));
      };
      const nearest = await reached({});
      expect(await reached({ correct_bias: 'empirical' })).toBeGreaterThan(nearest + 1);
      expect(await reached({ rounding: 'adaround' })).toBeGreaterThan(nearest + 3);
      expect(await reached({ rounding: 'gptq' })).toBeGreaterThan(nearest + 3);
    });
  },
);
