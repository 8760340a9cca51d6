import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import type { Dataset } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import type { Model } from '../../ir/model';
import { dimsOf, floats, withElements } from '../../ir/tensor';
import { seededRandom } from '../../linalg/random';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import { openModel } from '../../runtime/open-model';
import type { Feeds, Runtime } from '../../runtime/runtime';
import type { Kept } from './original';
import { keptAll, reconstruct, type Recovered, type RecoveryContext } from './reconstruct';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const random = seededRandom(7);

function normal(samples: number, sampleDims: readonly number[]): Dataset {
  const size = samples * sampleDims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, random.normal);
  return datasetInMemory({ name: 'normal', data, sampleDims });
}

function recover(
  original: Model,
  changed: Model,
  calibration: Dataset,
  kept: Kept = keptAll,
  more: Partial<RecoveryContext> = {},
): Promise<Recovered> {
  return reconstruct(original, changed, kept, {
    runtime,
    calibration,
    ...more,
    signal: new AbortController().signal,
    seed: 1,
    progress: () => undefined,
  });
}

/** Mean squared difference of the first outputs, relative to the original's mean square. */
async function error(a: Model, b: Model, data: Dataset, feeds: Feeds = {}): Promise<number> {
  const [first] = a.graph!.input;
  const outputs = [];
  for (const model of [a, b]) {
    const session = await openModel(runtime, model);
    const values: number[] = [];
    for await (const batch of data.batches(32)) {
      const tensor = { type: 'float' as const, dims: batch.dims, data: batch.data };
      const results = await session.run({ ...feeds, [first.name!]: tensor });
      values.push(...(results[session.outputs[0]].data as Float32Array));
    }
    await session.close();
    outputs.push(values);
  }
  const [x, y] = outputs;
  const square = (values: number[]): number => values.reduce((sum, each) => sum + each ** 2, 0);
  return square(x.map((each, i) => each - y[i])) / square(x);
}

/** The model with some constants replaced. */
function edited(model: Model, edit: (name: string, data: Float32Array) => Float32Array): Model {
  const graph = model.graph!;
  const initializer = graph.initializer.map((tensor) =>
    tensor.dataType === 1
      ? withElements(tensor, dimsOf(tensor), edit(tensor.name!, floats(tensor).slice()))
      : tensor,
  );
  return { ...model, graph: { ...graph, initializer } };
}

describe('reconstruction', () => {
  it('changes nothing where nothing changed', async () => {
    const model = weightedModel(`(float[N,3,6,6] x) => (float[N,5] y)
      <float[4,3,3,3] w, float[4] b, float[4,5] v>
      { c = Conv(x, w, b) r = Relu(c) p = GlobalAveragePool(r) f = Flatten(p) y = MatMul(f, v) }`);
    const { model: same, corrected } = await recover(model, model, normal(40, [3, 6, 6]));
    expect(corrected).toEqual([]);
    expect(encodeModel(same)).toEqual(encodeModel(model));
  });

  // The channels that a layer reads are scaled wrongly, which its weights can make good.
  it.each([
    ['Conv<pads=[1,1,1,1]>(h, w)', '[4,4,3,3]', '[4,6,6]', '[4,6,6]'],
    ['Conv<strides=[2,2], auto_pad="SAME_UPPER">(h, w)', '[4,4,3,3]', '[4,7,7]', '[4,4,4]'],
    ['Conv<group=4, dilations=[2,2]>(h, w)', '[4,1,3,3]', '[4,6,6]', '[4,2,2]'],
    ['Conv(h, w)', '[5,4,3]', '[4,20]', '[5,18]'],
    ['Conv(h, w)', '[5,4,2,2,2]', '[4,4,4,4]', '[5,3,3,3]'],
    ['ConvTranspose<strides=[2,2], pads=[1,1,1,1]>(h, w)', '[4,3,3,3]', '[4,5,5]', '[3,9,9]'],
    ['ConvTranspose<group=2, strides=[2,2]>(h, w)', '[4,2,2,2]', '[4,5,5]', '[4,10,10]'],
    ['ConvTranspose<dilations=[2]>(h, w)', '[4,2,3]', '[4,12]', '[2,16]'],
    ['MatMul(h, w)', '[6,5]', '[4,6]', '[4,5]'],
    ['Gemm<transB=1>(h, w)', '[5,8]', '[8]', '[5]'],
  ])('makes good what %s of %s reads wrongly', async (layer, weight, read, made) => {
    const dims = JSON.parse(read) as number[];
    const channels = layer.startsWith('MatMul')
      ? dims.slice(-1)
      : dims.map((dim, i) => (i ? 1 : dim));
    const model = weightedModel(`(float${batched(read)} x) => (float${batched(made)} y)
      <float${JSON.stringify(channels)} scale, float${weight} w> { h = Mul(x, scale) y = ${layer} }`);
    const changed = edited(model, (name, data) =>
      name === 'scale' ? data.map((value, i) => value * (1 + i)) : data,
    );
    const { model: recovered, corrected } = await recover(model, changed, normal(64, dims));
    expect(corrected).toEqual(['w']);
    const unseen = normal(32, dims);
    expect(await error(model, changed, unseen)).toBeGreaterThan(0.1);
    expect(await error(model, recovered, unseen)).toBeLessThan(1e-6);
  });

  it('recovers exactly from a cut whose channels are combinations of those that stay', async () => {
    const text = (channels: number): string => `(float[N,3,6,6] x) => (float[N,5,4,4] y)
      <float[${channels},3,1,1] w, float[5,${channels},3,3] v, float[5] b>
      { h = Conv(x, w) y = Conv(h, v, b) }`;
    const model = weightedModel(text(5));
    const keptChannels = [0, 2, 4];
    const changed = edited(weightedModel(text(3)), (name, data) => {
      const source = floats(model.graph!.initializer.find((each) => each.name === name)!);
      if (name === 'b') return source.slice();
      return data.map((_, at) => {
        const [outer, channel, inner] =
          name === 'w'
            ? [0, Math.floor(at / 3), at % 3]
            : [Math.floor(at / 27), Math.floor(at / 9) % 3, at % 9];
        return name === 'w'
          ? source[keptChannels[channel] * 3 + inner]
          : source[(outer * 5 + keptChannels[channel]) * 9 + inner];
      });
    });
    const kept: Kept = (tensor, axis) => (tensor === 'w' && axis === 0 ? keptChannels : undefined);
    const { model: recovered } = await recover(model, changed, normal(64, [3, 6, 6]), kept);
    const unseen = normal(32, [3, 6, 6]);
    expect(await error(model, changed, unseen)).toBeGreaterThan(0.1);
    expect(await error(model, recovered, unseen)).toBeLessThan(1e-6);
  });

  it('solves branches of one sum together, which neither could undo alone', async () => {
    // Each branch lost a channel that the other one still sees.
    const model = weightedModel(`(float[N,4,5,5] x) => (float[N,3,5,5] y)
      <float[4,1,1] left, float[4,1,1] right, float[3,4,1,1] v, float[3,4,1,1] w>
      { a = Mul(x, left) b = Mul(x, right) c = Conv(a, v) d = Conv(b, w) s = Add(c, d) y = Relu(s) }`);
    const changed = edited(model, (name, data) => {
      if (name === 'left') data.set([0, 0]);
      if (name === 'right') data.set([0, 0], 2);
      return data;
    });
    const { model: recovered, corrected } = await recover(model, changed, normal(64, [4, 5, 5]));
    expect(corrected).toEqual(['v', 'w']);
    const unseen = normal(32, [4, 5, 5]);
    expect(await error(model, changed, unseen)).toBeGreaterThan(0.1);
    expect(await error(model, recovered, unseen)).toBeLessThan(1e-6);
  });

  it('corrects the last factor of a layer that was replaced by a chain', async () => {
    const signature = '(float[N,4,6,6] x) => (float[N,5] y)';
    const model = weightedModel(`${signature} <float[8,4,3,3] w, float[8] b, float[8,5] v>
      { c = Conv(x, w, b) r = Relu(c) p = GlobalAveragePool(r) f = Flatten(p) y = MatMul(f, v) }`);
    const factored = weightedModel(`${signature}
      <float[6,4,3,3] first, float[8,6,1,1] last, float[8] b, float[8,5] v>
      { t = Conv(x, first) c = Conv(t, last, b) r = Relu(c)
        p = GlobalAveragePool(r) f = Flatten(p) y = MatMul(f, v) }`);
    const shared = edited(factored, (name, data) => {
      const source = model.graph!.initializer.find((each) => each.name === name);
      if (source) return floats(source).slice();
      // The first factor gives the layer's first outputs, and the last one should place them.
      const weights = floats(model.graph!.initializer.find((each) => each.name === 'w')!);
      return name === 'first'
        ? weights.slice(0, data.length)
        : data.map((_, i) => +(i % 6 === i / 6));
    });
    const { model: recovered, corrected } = await recover(model, shared, normal(256, [4, 6, 6]));
    expect(corrected).toEqual(['last', 'v']);
    const unseen = normal(64, [4, 6, 6]);
    expect(await error(model, recovered, unseen)).toBeLessThan(
      0.5 * (await error(model, shared, unseen)),
    );
  });

  it('corrects through normalization, factors and weights in Constant nodes', async () => {
    const model = weightedModel(`(float[N,4,5,5] x) => (float[N,3,5,5] y)
      <float[4,1,1] scale, float[3,4,1,1] w, float[3] gamma, float[3] beta, float[3] mean,
       float[3] var, float[3,1,1] factor>
      { h = Mul(x, scale) k = Constant<value = float[3] {1, 2, 3}>() c = Conv(h, w, k)
        n = BatchNormalization(c, gamma, beta, mean, var) m = Mul(n, factor) y = Relu(m) }`);
    const changed = edited(model, (name, data) =>
      name === 'scale'
        ? data.map((value, i) => value * (1 + i))
        : name === 'mean'
          ? data.map((value) => value + 1)
          : data,
    );
    const { model: recovered } = await recover(model, changed, normal(64, [4, 5, 5]));
    expect(await error(model, recovered, normal(32, [4, 5, 5]))).toBeLessThan(1e-5);
  });

  it.each([
    ['Conv(h, w)', '[6,8,3,3]', '[8,5,5]', '[6,3,3]', 30],
    ['MatMul(h, w)', '[40,3]', '[40]', '[3]', 16],
  ])('corrects %s of %s in parts where it is too wide', async (layer, weight, read, made, most) => {
    const dims = JSON.parse(read) as number[];
    const model = weightedModel(`(float${batched(read)} x) => (float${batched(made)} y)
      <float[${dims.map((dim, i) => (i ? 1 : dim)).join()}] scale, float${weight} w>
      { h = Mul(x, scale) y = ${layer} }`);
    const changed = edited(model, (name, data) =>
      name === 'scale' ? data.map((value, i) => value * (1 + (i % 4))) : data,
    );
    const data = normal(400, dims);
    const whole = await recover(model, changed, data);
    const parts = await recover(model, changed, data, keptAll, { mostFeatures: most });
    const unseen = normal(100, dims);
    const before = await error(model, changed, unseen);
    // The features are independent, so that parts see what is theirs as well as the whole does.
    expect(await error(model, parts.model, unseen)).toBeLessThan(0.01 * before);
    expect(encodeModel(parts.model)).not.toEqual(encodeModel(whole.model));
  });

  it('feeds the other inputs of a model', async () => {
    const model =
      weightedModel(`(float[N,4] x, float[4] gate) => (float[N,3] y) <float[4] scale, float[4,3] w>
      { g = Mul(x, gate) h = Mul(g, scale) y = MatMul(h, w) }`);
    const changed = edited(model, (name, data) =>
      name === 'scale' ? data.map((value, i) => value * (1 + i)) : data,
    );
    const feeds: Feeds = { gate: { type: 'float', dims: [4], data: Float32Array.of(1, 2, 3, 4) } };
    const { model: recovered } = await recover(model, changed, normal(64, [4]), keptAll, { feeds });
    expect(await error(model, recovered, normal(32, [4]), feeds)).toBeLessThan(1e-6);
    await expect(recover(model, changed, normal(64, [4]))).rejects.toThrow(/"gate" needs a value/);
  });
});

const batched = (dims: string): string => dims.replace('[', '[N,');
