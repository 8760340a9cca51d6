import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import type { Model } from '../ir/model';
import { loadModel } from '../onnx/load';
import { encodeModel } from '../onnx/write';
import type { NamedTensor } from '../runtime/runtime';
import { gradientGraph } from './gradient-graph';
import { crossEntropy } from './losses/cross-entropy';
import { flatten } from './parameters';
import { closeTestRuntime, testRuntime } from './testing/check-gradient';
import { sample } from './testing/networks';

afterAll(closeTestRuntime);

const batch = 4;
const losses = [{ loss: crossEntropy, weight: 1 }];
const options = { losses, trained: () => true, statistics: 'fixed' } as const;

/** The gradient of the loss of some samples, which are made up. */
async function gradientOf(
  model: Model,
  input: readonly number[],
  classes: number,
  [from, until] = [0, batch],
): Promise<number[]> {
  const graph = gradientGraph(model, { ...options, batch: until - from });
  const session = await (await testRuntime()).open(encodeModel(graph.model));
  const weights = flatten(graph.parameters.map(({ tensor }) => tensor));
  const { x, '@targets': targets } = sample('', batch, [...input], classes);
  const own = (tensor: NamedTensor): NamedTensor => {
    const size = tensor.data.length / batch;
    const data = tensor.data.slice(from * size, until * size);
    return { ...tensor, dims: [until - from, ...tensor.dims.slice(1)], data };
  };
  const name = session.inputs.map((each) => each.name).find((each) => !each.startsWith('@'))!;
  const feeds: Record<string, NamedTensor> = {
    [name]: own(x),
    '@targets': own(targets),
    '@weights': { type: 'float', dims: [weights.length], data: weights },
  };
  const outputs = await session.run(feeds, ['@gradient']);
  await session.close();
  return [...(outputs['@gradient'].data as Float32Array)];
}

/** Together they learn what each of them teaches alone. */
async function expectMeanOfSamples(model: Model, input: readonly number[], classes: number) {
  const together = await gradientOf(model, input, classes);
  const alone: number[][] = [];
  for (let n = 0; n < batch; n++) alone.push(await gradientOf(model, input, classes, [n, n + 1]));
  const largest = Math.max(...together.map(Math.abs));
  expect(largest).toBeGreaterThan(0);
  together.forEach((each, i) => {
    const mean = alone.reduce((sum, one) => sum + one[i], 0) / batch;
    expect(Math.abs(each - mean)).toBeLessThan(1e-5 * largest);
  });
}

/** A weight is reshaped, too, whose first size is 1 whatever the batch is. */
const network = (first: string, shape: string) =>
  weightedModel(`(float[${first},3,4,4] x) => (float[${first},3] y)
    <float[1,8,3,1] stem, float[128,3] fc, int64[4] filter = {8, 3, 1, 1}, int64[2] flat = ${shape}> {
      f = Reshape(stem, filter)
      c = Conv(x, f)
      r = Relu(c)
      v = Reshape(r, flat)
      y = MatMul(v, fc)
    }`);

/** Channels are shuffled by shapes that hold batch and channels in one number. */
const shuffled = weightedModel(`(float[1,3,4,4] x) => (float[1,3] y)
  <float[8,3,1,1] stem, float[64,3] fc, int64[3] split = {4, 2, 16}, int64[4] whole = {2, -1, 4, 16},
   int64[1] zero = {0}, int64[2] flat = {1, 64}> {
    c = Conv(x, stem)
    r = Relu(c)
    s = Reshape(r, split)
    t = Transpose<perm: ints = [1, 0, 2]>(s)
    w = Reshape(t, whole)
    a, b = Split<axis: int = 0>(w)
    m = Mul(a, b)
    q = Squeeze(m, zero)
    v = Reshape(q, flat)
    y = MatMul(v, fc)
  }`);

describe('a batch that a model spells out', () => {
  it.each([
    ['1', '{1, 128}'],
    ['1', '{1, -1}'],
    ['2', '{2, 128}'],
    ['N', '{1, 128}'],
    ['N', '{0, -1}'],
  ])('is that of the steps in the training form: %s, %s', async (first, shape) => {
    await expectMeanOfSamples(network(first, shape), [3, 4, 4], 3);
  });

  it('may be hidden in the number of channels', async () => {
    await expectMeanOfSamples(shuffled, [3, 4, 4], 3);
  });

  it('is named where it stands elsewhere, and what can be done', async () => {
    const turned = weightedModel(`(float[1,3,4] x) => (float[1,3] y)
      <float[4,3] fc, int64[2] flat = {3, 4}> {
        t = Transpose<perm: ints = [1, 0, 2]>(x)
        v = Reshape(t, flat)
        m = ReduceMean<axes: ints = [0]>(v)
        y = MatMul(m, fc)
      }`);
    await expect(gradientOf(turned, [3, 4], 3)).rejects.toThrow(
      /in batches of 4.*Reshape.*\[3, 4\] of \[3, 4, 4\].*batch: 1/,
    );
  });

  it.runIf(existsSync('../shared/models'))(
    'does not keep mnist-cntk from being trained (needs ../shared)',
    async () => {
      const { model } = loadModel('../shared/models/mnist-cntk.onnx');
      await expectMeanOfSamples(model, [1, 28, 28], 10);
    },
  );
});

it('samples of a size that the model does not take are refused, naming the node', async () => {
  const halved = weightedModel(`(float[N,3,H,W] x) => (float[N,3] y)
    <float[8,3,3,3] down, float[8,3,1,1] side, float[8,3] fc> {
      d = Conv<strides: ints = [2, 2], pads: ints = [1, 1, 1, 1]>(x, down)
      u = Conv<strides: ints = [2, 2]>(x, side)
      p = MaxPool<kernel_shape: ints = [2, 2], strides: ints = [2, 2]>(u)
      q = MaxPool<kernel_shape: ints = [2, 2], strides: ints = [2, 2], ceil_mode: int = 1>(d)
      s = Add(p, q)
      g = GlobalAveragePool(s)
      f = Flatten(g)
      y = MatMul(f, fc)
    }`);
  const graphOf = (size: number) =>
    gradientGraph(halved, {
      ...options,
      batch,
      sampleShapes: { sampleDims: [3, size, size] },
    });
  expect(() => graphOf(8)).not.toThrow();
  expect(() => graphOf(10)).toThrow(/samples of 3×10×10.*Add.*cannot be broadcast.*Give samples/);
});
