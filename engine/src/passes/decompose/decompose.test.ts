import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import { openDataset } from '../../data/open';
import { inspect } from '../../inspect/inspect';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { makeTensor } from '../../ir/tensor';
import { validateModel } from '../../ir/validate';
import { seededRandom } from '../../linalg/random';
import { sharedModel } from '../../onnx/testing/shared-models';
import { readModelFile } from '../../onnx/read';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import { evaluateAccuracy } from '../../runtime/evaluate';
import { feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Runtime } from '../../runtime/runtime';
import { weightedModel } from '../../../../test/support/weighted-text';
import type { PassContext, PassResult } from '../pass';
import { decompose } from './decompose';

const data = '../shared/data';
const present = existsSync(sharedModel('resnet20-cifar10-bn.onnx'));

const quiet: PassContext = {
  signal: new AbortController().signal,
  seed: 1,
  progress: () => undefined,
};

function run(
  model: Model,
  options: object,
  context: Partial<PassContext> = {},
): Promise<PassResult> {
  return decompose.run(model, decompose.options.parse(options), { ...quiet, ...context });
}

const digest = (model: Model): string =>
  createHash('sha256').update(encodeModel(model)).digest('hex');
const read = (name: string): Model => readModelFile(sharedModel(`${name}.onnx`)).model;
const totals = (model: Model) => inspect(model, { path: '' }).totals;

/** Two convolutions and a dense layer, wide enough for ranks to matter. */
const network = (): Model =>
  weightedModel(`(float[1,16,12,12] x) => (float[1,10] y)
    <float[24,16,3,3] conv1.weight, float[24] conv1.bias, float[24,24,3,3] conv2.weight, float[10,24] fc.weight> {
      a = Conv<pads = [1, 1, 1, 1]>(x, conv1.weight, conv1.bias)
      b = Conv<pads = [1, 1, 1, 1]>(a, conv2.weight)
      p = GlobalAveragePool(b)
      f = Flatten(p)
      y = Gemm<transB = 1>(f, fc.weight)
    }`);

describe('decomposition', () => {
  it('meets a target over the whole model, as the inspection counts it', async () => {
    for (const quantity of ['macs', 'params'] as const) {
      const model = network();
      const result = await run(model, { [quantity]: 0.5 });
      const left = totals(result.model)[quantity] / totals(model)[quantity];
      expect(Math.abs(left - 0.5)).toBeLessThan(0.01);
      expect(result.issues).toEqual([]);
      const spent = result.notes.reduce((sum, note) => sum + note.before - note.after, 0);
      expect(totals(model).macs - totals(result.model).macs).toBe(spent);
    }
  });

  it('names the new layers after the old one, keeps its value and its bias', async () => {
    const { model } = await run(network(), { method: 'tucker2', rank: [6, 8] });
    const graph = model.graph!;
    expect(graph.node.filter(({ opType }) => opType === 'Conv').map(({ input }) => input)).toEqual([
      ['x', 'conv1.0.weight'],
      ['conv1.0.output', 'conv1.1.weight'],
      ['conv1.1.output', 'conv1.2.weight', 'conv1.bias'],
      ['a', 'conv2.0.weight'],
      ['conv2.0.output', 'conv2.1.weight'],
      ['conv2.1.output', 'conv2.2.weight'],
    ]);
    expect(graph.initializer.map(({ name }) => name)).not.toContain('conv1.weight');
    expect(validateModel(model)).toEqual([]);
    const layers = inspect(model, { path: '' }).layers.map(({ name }) => name);
    expect(layers).toContain('conv1.1');
    expect(layers).toContain('conv2.2');
  });

  it('leaves its argument alone and gives the same bytes again', async () => {
    const model = network();
    const before = digest(model);
    const first = digest((await run(model, { macs: 0.6 })).model);
    expect(digest((await run(model, { macs: 0.6 })).model)).toBe(first);
    expect(digest(model)).toBe(before);
  });

  it('obeys exceptions, the last one most, and names idle patterns', async () => {
    const { notes, issues } = await run(network(), {
      method: 'svd',
      rank: 4,
      layers: {
        'conv*': { method: 'tucker2', ranks: [5, 7] },
        conv2: { skip: true },
        nothing: { skip: true },
      },
    });
    expect(notes.map(({ subject, reason }) => [subject, reason.split(':')[0]])).toEqual([
      ['conv1', 'tucker2, ranks in 5, out 7'],
      ['conv2', 'left as it is by layers'],
      ['fc', 'svd, rank 4'],
    ]);
    expect(issues.map(({ code }) => code)).toEqual(['idle-pattern']);
  });

  it('rounds ranks, respects their floor, and says so where a target is out of reach', async () => {
    const { notes, issues } = await run(network(), {
      method: 'svd',
      macs: 0.05,
      min_rank: 7,
      round: 4,
    });
    for (const { before, after, reason } of notes) {
      if (after < before) expect(reason).toContain('rank 8:');
    }
    expect(issues.map(({ code }) => code)).toEqual(['target-missed']);
  });

  it('leaves a layer alone whose MACs would not fall, with the ranks that say so', async () => {
    const result = await run(network(), { method: 'svd', rank: 23 });
    expect(result.changed).toBe(false);
    expect(result.notes[1].reason).toMatch(/would not fall: svd, rank 23/);
    expect(result.issues.map(({ code }) => code)).toEqual(['nothing-decomposed']);
  });

  it('keeps more energy at higher ranks', async () => {
    const costs = [];
    for (const energy of [0.3, 0.5, 0.7]) {
      costs.push(totals((await run(network(), { method: 'svd', energy })).model).macs);
    }
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    expect(new Set(costs).size).toBe(3);
  });

  it('finds the rank of weights that have one, by evbmf', async () => {
    const model = network();
    const weight = model.graph!.initializer.find(({ name }) => name === 'conv2.weight')!;
    const random = seededRandom(5);
    const normal = (count: number) => Array.from({ length: count }, () => random.normal());
    const [u, v] = [normal(24 * 3), normal(3 * 216)];
    const values = Float32Array.from({ length: 24 * 216 }, (_, at) => {
      const [o, i] = [Math.floor(at / 216), at % 216];
      const exact = [0, 1, 2].reduce((sum, r) => sum + u[o * 3 + r] * v[r * 216 + i], 0);
      return exact + 0.02 * random.normal();
    });
    Object.assign(weight, makeTensor(weight.name!, 'float', [24, 24, 3, 3], values));
    const reason = async (options: object): Promise<string> =>
      (await run(model, { method: 'svd', evbmf: true, ...options })).notes[1].reason;
    expect(await reason({})).toContain('rank 3:');
    // 3 + trunc((24 − 3) · 0.2)
    expect(await reason({ calibration_ratio: 0.2 })).toContain('rank 7:');
  });

  it('says of layers that it does not take why', async () => {
    const model =
      weightedModel(`(float[1,4,8,8] x, float[1,8,6] s, float[1,6,8] t) => (float y, float z, float q)
      <float[4,1,3,3] depth, float[4,2,2,2] up, float[4,4,1,1] shared, uint8[8,6] packed, float[1] scale> {
        a = Conv<group = 4>(x, depth)
        b = ConvTranspose(a, up)
        c = Conv(x, shared)
        d = Conv(c, shared)
        y = Identity(b)
        z = MatMul(s, t)
        w = DequantizeLinear(packed, scale)
        q = MatMul(t, w)
      }`);
    const { notes } = await run(model, { method: 'svd', macs: 0.5 });
    const reasons = Object.fromEntries(notes.map(({ subject, reason }) => [subject, reason]));
    expect(Object.values(reasons)).toEqual([
      expect.stringContaining('depthwise'),
      expect.stringContaining('ConvTranspose layers are not decomposed'),
      expect.stringContaining('shares its weight'),
      expect.stringContaining('shares its weight'),
      expect.stringContaining('quantized'),
    ]);
    expect(decompose.refuse(model)).toBeUndefined();
  });

  it('leaves weights alone that are not finite', async () => {
    const model = network();
    const weight = model.graph!.initializer.find(({ name }) => name === 'conv1.weight')!;
    const values = new Float32Array(24 * 16 * 9).fill(NaN);
    Object.assign(weight, makeTensor(weight.name!, 'float', [24, 16, 3, 3], values));
    const { notes } = await run(model, { macs: 0.7 });
    expect(notes[0].reason).toContain('not finite');
  });

  it('is refused where there is nothing to decompose, with the reason', () => {
    const relu = weightedModel('(float[1,4] x) => (float[1,4] y) { y = Relu(x) }');
    expect(decompose.refuse(relu)).toMatch(/no convolution/);
    const packed =
      weightedModel(`(float[2,4] x) => (float[2,6] y) <uint8[4,6] packed, float[1] scale> {
      w = DequantizeLinear(packed, scale) y = MatMul(x, w) }`);
    expect(decompose.refuse(packed)).toMatch(/quantized/);
  });

  it('stops when it is cancelled, before or in between', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(run(network(), { macs: 0.5 }, { signal })).rejects.toThrow('enough');
    const later = new AbortController();
    const progress = (): void => later.abort(new Error('enough'));
    const started = run(network(), { macs: 0.5 }, { signal: later.signal, progress });
    await expect(started).rejects.toThrow('enough');
  });

  it.each([
    [{}, /exactly one/],
    [{ macs: 0.5, rank: 4 }, /exactly one/],
    [{ macs: 0.5, calibration_ratio: 0.1 }, /needs evbmf/],
    [{ rank: [4, 4] }, /give the method/],
    [{ macs: 1.5 }, /macs/],
  ])('does not take the options %o', (options, message) => {
    const { error } = decompose.options.safeParse(options);
    expect(error && JSON.stringify(error.issues)).toMatch(message);
  });
});

describe('with a runtime', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await startRuntime();
  });
  afterAll(() => runtime.close());

  it('keeps a decomposition that is far faster, and says of a layer left alone how slow it was', async () => {
    // At rank 1 the wide layer moves a thousandth of its weights; the narrow one hardly saves a thing.
    const model = weightedModel(
      `(float[1,1536] x) => (float[1,8] y) <float[1536,1536] wide, float[1536,8] cut, float[8,8] narrow>
      { a = MatMul(x, wide) b = MatMul(a, cut) y = MatMul(b, narrow) }`,
    );
    const { notes } = await run(
      model,
      { method: 'svd', rank: 1, only_where_faster: true },
      { runtime },
    );
    const [wide, , narrow] = notes;
    expect(wide.after).toBeLessThan(wide.before / 100);
    expect(narrow.reason).toMatch(
      narrow.after === narrow.before
        ? /not be faster here: .* ms instead of .* ms/
        : /^svd, rank 1/,
    );
  });

  it.each([
    [
      'a convolution with a bias',
      'float[n,4,8,8] x',
      'Conv(x, w, b)',
      'float[6,4,3,3] w, float[6] b',
    ],
    ['a convolution without one', 'float[n,4,8,8] x', 'Conv(x, w)', 'float[6,4,3,3] w'],
    ['a dense layer', 'float[n,24] x', 'Gemm(x, w, b)', 'float[24,20] w, float[20] b'],
    ['a dense layer without a bias', 'float[n,24] x', 'Gemm(x, w)', 'float[24,20] w'],
  ])('leaves the mean of what %s gives as it was', async (_, input, node, weights) => {
    const model = weightedModel(`(${input}) => (float y) <${weights}> { y = ${node} }`);
    model.graph!.output[0].type = undefined;
    const sampleDims = input.startsWith('float[n,24]') ? [24] : [4, 8, 8];
    const random = seededRandom(4);
    const size = sampleDims.reduce((product, dim) => product * dim, 1);
    // Far from centred, so that an error of the weights moves the mean.
    const values = Float32Array.from({ length: 64 * size }, () => 2 + random.normal());
    const calibration = datasetInMemory({ name: 'noise', data: values, sampleDims });
    const options = { method: 'svd', rank: 2, recover: 'none' };
    const { model: small } = await run(model, options, { runtime, calibration });
    const means = await Promise.all([model, small].map((each) => channelMeans(each, calibration)));
    means[0].forEach((mean, channel) => expect(means[1][channel]).toBeCloseTo(mean, 3));
  });

  /** Of the output, over samples and positions. */
  async function channelMeans(model: Model, dataset: Dataset): Promise<number[]> {
    const session = await openModel(runtime, model);
    const feeder = feederFor(session, dataset);
    const sums: number[] = [];
    for await (const batch of dataset.batches(feeder.batchSize)) {
      const { y } = await session.run(feeder.feeds(batch));
      const plane = y.dims.slice(2).reduce((product, dim) => product * dim, 1);
      y.data.forEach((value, at) => {
        const channel = Math.floor(at / plane) % y.dims[1];
        sums[channel] = (sums[channel] ?? 0) + Number(value) / plane / dataset.samples;
      });
    }
    await session.close();
    return sums;
  }

  describe.skipIf(!present)('and calibration data (needs ../shared)', () => {
    const torch = { scale: '1/255', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    let calibration: Dataset;
    let test: Dataset;
    beforeAll(async () => {
      calibration = await openDataset(`${data}/cifar10-train8k-lossless.npz`, torch);
      test = await openDataset(`${data}/cifar10-test1017-lossless.npz`, torch);
    });

    async function accuracy(model: Model): Promise<number> {
      const session = await openModel(runtime, model);
      const { top1 } = await evaluateAccuracy(session, test);
      await session.close();
      return top1;
    }

    it('keeps ResNet-20 at half its MACs nearly as good as it was, without training', async () => {
      const model = read('resnet20-cifar10-folded');
      const options = { method: 'spatial-svd', macs: 0.5, recover: 'none', samples: 128 };
      const blind = await accuracy((await run(model, options, { runtime })).model);
      const result = await run(model, options, { runtime, calibration });
      expect(totals(result.model).macs / totals(model).macs).toBeCloseTo(0.5, 2);
      const seen = await accuracy(result.model);
      // Measured: 90.4 %; the original has 91.6 %.
      expect(seen).toBeGreaterThan(0.87);
      expect(seen).toBeGreaterThan(blind + 0.2);
    });

    it('gives the same bytes for the same seed', async () => {
      const model = read('resnet20-cifar10-bn');
      const options = { method: 'svd', macs: 0.7, recover: 'none', samples: 32 };
      const once = async (): Promise<string> =>
        digest((await run(model, options, { runtime, calibration })).model);
      expect(await once()).toBe(await once());
    });

    it('says that data does not fit, and goes by the weights, unless it was asked for', async () => {
      const model = read('mnist-cntk');
      const context = { runtime, calibration };
      const { changed, issues } = await run(model, { macs: 0.7 }, context);
      expect(changed).toBe(true);
      expect(issues.map(({ code }) => code)).toContain('no-recovery');
      const asked = run(model, { macs: 0.7, recover: 'reconstruct' }, context);
      await expect(asked).rejects.toThrow(CoppiceError);
    });
  });
});
