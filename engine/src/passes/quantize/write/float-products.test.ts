/** Layers that read floats: blocks of 4-bit weights, and input that is quantized when the model runs. */

import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runModel, type Feeds } from '../../../../../test/support/masked-equals-cut';
import { randomFeeds, weightedModel } from '../../../../../test/support/weighted-text';
import type { Model } from '../../../ir/model';
import { readModelFile } from '../../../onnx/read';
import { Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../../linalg/random';
import { CoppiceError } from '../../../ir/issue';
import { drawUp, survey } from '../draft';
import { prepare } from '../prepare';
import { quantize } from '../quantize';
import { simulate } from '../simulate';

/** No runtime and no data: none of this needs them. */
const context = { signal: new AbortController().signal, seed: 0, progress: () => undefined };

const run = (model: Model, options: object) =>
  quantize.run(model, quantize.options.parse(options), context);

async function simulated(model: Model, options: object): Promise<Model> {
  const parsed = quantize.options.parse(options);
  return simulate(drawUp(await survey(await prepare(model, context), parsed, context), parsed));
}

/** Norm of the difference of all outputs relative to that of the first model's. */
async function noise(a: Model, b: Model, feeds: Feeds): Promise<number> {
  const [expected, actual] = [await runModel(a, feeds), await runModel(b, feeds)];
  let [signal, error] = [0, 0];
  for (const [name, { data }] of expected) {
    const other = actual.get(name)!.data as Float32Array;
    (data as Float32Array).forEach((x, i) => {
      signal += x * x;
      error += (x - other[i]) ** 2;
    });
  }
  return Math.sqrt(error / signal);
}

const products = (inputs: number): Model =>
  weightedModel(
    `(float[N,3,${inputs}] x) => (float[N,3,20] y, float[M,7] z)
     <float[${inputs},20] w, float[7,20] v, float[7] b, int64[2] shape = {-1, 20}> {
       y = MatMul (x, w)
       flat = Reshape (y, shape)
       z = Gemm <transB = 1, alpha = 0.5, beta = 2.0> (flat, v, b)
     }`,
    { seed: inputs },
  );

const operators = ({ graph }: Model): string[] => graph!.node.map(({ opType }) => opType!);

describe('blocks of 4-bit weights', () => {
  it('are computed by the runtime as we decode them, whatever the sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 150 }),
        fc.constantFrom('int4', 'uint4'),
        fc.constantFrom(16, 32, 64),
        fc.constantFrom('minmax', 'mse'),
        async (inputs, weights, weight_block, weight_range) => {
          const model = products(inputs);
          const options = { weights, activations: 'float', weight_block, weight_range };
          const { model: written } = await run(model, options);
          expect(operators(written).filter((op) => op === 'MatMulNBits')).toHaveLength(2);
          const feeds = randomFeeds(model, inputs);
          expect(await noise(await simulated(model, options), written, feeds)).toBeLessThan(1e-5);
          expect(await noise(model, written, feeds)).toBeLessThan(0.3);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('are nearer to the floats than one scale for each output', async () => {
    const model = products(128);
    const feeds = randomFeeds(model);
    const options = { weights: 'int4', activations: 'float', weight_range: 'minmax' };
    const wide = await noise(model, await simulated(model, options), feeds);
    const blocks = { ...options, weight_block: 16 };
    expect(await noise(model, await simulated(model, blocks), feeds)).toBeLessThan(0.9 * wide);
  });

  it('are multiplied as exactly as asked for', async () => {
    const model = products(128);
    const feeds = randomFeeds(model);
    const blocks = { weights: 'int4', activations: 'float', weight_block: 32 };
    const exact = await simulated(model, blocks);
    const errorAt = async (accuracy_level: number): Promise<number> => {
      const { model: written } = await run(model, { ...blocks, accuracy_level });
      return noise(exact, written, feeds);
    };
    expect(await errorAt(1)).toBeLessThan(1e-5);
    // On int8 there is an error, of a hundredth or so.
    const onBytes = await errorAt(4);
    expect(onBytes).toBeGreaterThan(1e-4);
    expect(onBytes).toBeLessThan(0.03);
    const alone = { weights: 'int4', activations: 'float', accuracy_level: 4 };
    expect(quantize.options.safeParse(alone).success).toBe(false);
  });

  it('are refused for other types and runtimes', async () => {
    for (const options of [
      { weights: 'int8', activations: 'float', weight_block: 32 },
      { weights: 'int4', weight_block: 32, activations: 'dynamic' },
      { weights: 'int4', weight_block: 32, activations: 'float', profile: 'openvino' },
    ]) {
      await expect(run(products(32), options)).rejects.toThrow(CoppiceError);
    }
  });
});

describe('input that is quantized when the model runs', () => {
  it('is within its steps of the float model, and read by all products alike', async () => {
    for (const per_channel of [true, false]) {
      const model = products(64);
      const { model: written } = await run(model, { activations: 'dynamic', per_channel });
      expect(operators(written).filter((op) => op === 'MatMulInteger')).toHaveLength(2);
      const feeds = randomFeeds(model);
      expect(await noise(model, written, feeds)).toBeLessThan(0.02);
      const expected = await simulated(model, { activations: 'dynamic', per_channel });
      expect(await noise(expected, written, feeds)).toBeLessThan(1e-5);
    }
    const shared = weightedModel(
      `(float[4,8] x) => (float[4,8] y) <float[8,8] a, float[8,8] b> {
         p = MatMul (x, a)
         q = MatMul (x, b)
         y = Add (p, q)
       }`,
    );
    const { model: written } = await run(shared, { activations: 'dynamic' });
    const dynamic = operators(written).filter((op) => op === 'DynamicQuantizeLinear');
    expect(dynamic).toHaveLength(1);
  });

  it('takes weights of any type, in bytes', async () => {
    for (const weights of ['uint8', 'int4']) {
      const model = products(48);
      const options = { activations: 'dynamic', weights };
      const { model: written } = await run(model, options);
      const expected = await simulated(model, options);
      expect(await noise(expected, written, randomFeeds(model))).toBeLessThan(1e-5);
    }
  });

  it('leaves convolutions, with the reason', async () => {
    const model = weightedModel(
      `(float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w> { y = Conv (x, w) }`,
    );
    const { notes } = await run(model, { activations: 'dynamic' });
    expect(notes[0].reason).toContain('only MatMul and Gemm');
  });
});

describe('what needs no data', () => {
  it('says so where it is asked for more', async () => {
    await expect(run(products(8), {})).rejects.toThrow('needs calibration data');
    const { notes } = await run(products(8), { activations: 'float' });
    expect(notes.map(({ reason }) => reason).join()).toContain('reads floats');
  });
});

const folder = '../shared/models';

describe.skipIf(!existsSync(folder))('trained models (need ../shared)', () => {
  it.each([
    ['fc-autoencoder-toycar', 'input', [2, 640]],
    ['ppocrv4-rec', 'x', [1, 3, 48, 64]],
  ])('%s computes what we decode', async (name, input, dims) => {
    const { model } = readModelFile(`${folder}/${name}.onnx`);
    const random = seededRandom(1);
    const count = dims.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: count }, () => random.normal());
    const feeds = { [input]: new Tensor(data, dims) };
    const correct_bias = 'none';
    const weights = { weights: 'int4', weight_block: 32, weight_range: 'minmax' };
    const blocks = { ...weights, activations: 'float', correct_bias };
    const packed = (await run(model, blocks)).model;
    expect(await noise(await simulated(model, blocks), packed, feeds)).toBeLessThan(1e-4);
    const options = { activations: 'dynamic', reduce_range: 'always', correct_bias };
    const dynamic = (await run(model, options)).model;
    const expected = await simulated(model, options);
    // A value that lies on the border of two codes may get either.
    expect(await noise(expected, dynamic, feeds)).toBeLessThan(0.01);
    expect(await noise(model, dynamic, feeds)).toBeGreaterThan(0.01);
  });
});
