import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import { openDataset } from '../../data/open';
import { exampleShapes } from '../../inspect/sized-types';
import type { Model, Tensor } from '../../ir/model';
import { dimsOf, elements, floats } from '../../ir/tensor';
import { seededRandom } from '../../linalg/random';
import { compressedSize } from '../../onnx/compressed-size';
import { readModelFile } from '../../onnx/read';
import { parseModel } from '../../onnx/text/parse';
import { encodeModel } from '../../onnx/write';
import { constantTensor } from '../../ops/constant';
import { streamActivations } from '../../runtime/activations';
import { startRuntime } from '../../runtime/client';
import { evaluateAccuracy } from '../../runtime/evaluate';
import { openModel } from '../../runtime/open-model';
import { exampleFeeds } from '../../runtime/feeds';
import type { Runtime } from '../../runtime/runtime';
import type { PassContext, PassResult } from '../pass';
import { sparsifyOptions, type SparsifyOptions } from './options';
import { sparsify } from './sparsify';

const models = '../shared/models';
const data = '../shared/data';
const present = existsSync(models) && existsSync(data);

const quiet: PassContext = {
  signal: new AbortController().signal,
  seed: 1,
  progress: () => undefined,
};

function run(
  model: Model,
  options: Partial<SparsifyOptions>,
  context: Partial<PassContext> = {},
): Promise<PassResult> {
  return sparsify.run(model, sparsifyOptions.parse(options), { ...quiet, ...context });
}

const read = (name: string): Model => readModelFile(`${models}/${name}.onnx`).model;

/** Every tensor of the main graph that initializers or Constant nodes hold, by name. */
function constants({ graph }: Model): Map<string, Tensor> {
  const held = graph!.node.flatMap((node): [string, Tensor][] => {
    const tensor = constantTensor(node);
    return tensor ? [[node.output[0], tensor]] : [];
  });
  return new Map([
    ...graph!.initializer.map((each): [string, Tensor] => [each.name!, each]),
    ...held,
  ]);
}

const zeros = (tensor: Tensor, zero = 0): number =>
  Array.from(elements(tensor) as ArrayLike<number>).filter((each) => Number(each) === zero).length;

/** The smallest model with one weight of each kind that is treated apart. */
const text = (body: string, weights: string): Model =>
  parseModel(`<ir_version: 8, opset_import: ["" : 13]>
    g (float[N,4,2,2] x) => (float[N,M] y) <${weights}> { ${body} }`).model;

describe('sparsify', () => {
  it('asks for a share or a pattern, and not both', () => {
    expect(sparsifyOptions.safeParse({}).success).toBe(false);
    expect(sparsifyOptions.safeParse({ sparsity: 0.5, pattern: '2:4' }).success).toBe(false);
    expect(sparsifyOptions.safeParse({ pattern: '4:2' }).success).toBe(false);
    expect(sparsifyOptions.safeParse({ pattern: '2:4' }).success).toBe(true);
  });

  it('leaves biases, and what several operators read differently, with the reason', async () => {
    const model = text(
      `flat = Flatten (x)
       a = MatMul (flat, w)
       b = MatMul (a, shared)
       c = Add (b, bias)
       d = Mul (c, shared)
       y = Identity (d)`,
      `float[16,4] w = {${Array.from({ length: 64 }, (_, i) => i + 1).join()}},
       float[4,4] shared = {${Array.from({ length: 16 }, (_, i) => i + 1).join()}},
       float[4] bias = {1, 2, 3, 4}`,
    );
    const { model: result, notes } = await run(model, { sparsity: 0.5 });
    const after = constants(result);
    expect(zeros(after.get('w')!)).toBe(32);
    expect(zeros(after.get('bias')!)).toBe(0);
    expect(zeros(after.get('shared')!)).toBe(0);
    expect(notes.find(({ after: left }) => left === 16)?.reason).toContain('something else');
  });

  it('stores the zero point where a weight is quantized', async () => {
    const model = text(
      `w = DequantizeLinear <axis = 0> (q, scale, zero)
       z = Conv (x, w)
       y = Flatten (z)`,
      `int8[2,4,1,1] q = {5, -7, 90, 3, 1, 2, -3, 4},
       float[2] scale = {0.5, 0.25},
       int8[2] zero = {3, 1}`,
    );
    const { model: result, notes } = await run(model, { sparsity: 0.5, scope: 'output' });
    // Distances from the zero points: 2, 10, 87, 0 and 0, 1, 4, 3.
    expect([...elements(constants(result).get('q')!)]).toEqual([3, -7, 90, 3, 1, 1, -3, 4]);
    expect(notes[0]).toMatchObject({ before: 6, after: 4, counts: 'weights' });
  });

  it('treats a weight that two layers share as one', async () => {
    const model = text(
      `flat = Flatten (x)
       a = MatMul (flat, w)
       b = MatMul (a, w)
       y = Identity (b)`,
      `float[16,16] w = {${Array.from({ length: 256 }, (_, i) => Math.sin(i) + 2).join()}}`,
    );
    const { model: result, notes } = await run(model, { sparsity: 0.25 });
    expect(zeros(constants(result).get('w')!)).toBe(64);
    expect(notes).toHaveLength(1);
    expect(notes[0].layers).toHaveLength(2);
  });

  it('leaves layers that N:M does not fit, and those of the exceptions', async () => {
    const model = text(
      `z = Conv (x, w)
       flat = Flatten (z)
       a = MatMul (flat, v)
       y = MatMul (a, u)`,
      `float[2,4,1,1] w = {1, 2, 3, 4, 5, 6, 7, 8},
       float[8,6] v = {${Array.from({ length: 48 }, (_, i) => i + 1).join()}},
       float[6,2] u = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}`,
    );
    const { notes, issues } = await run(model, {
      pattern: '2:4',
      layers: { w: { skip: true }, nothing: { skip: true } },
    });
    expect(notes.map(({ before, after }) => [before, after])).toEqual([
      [8, 8],
      [12, 12],
      [48, 24],
    ]);
    expect(notes[0].reason).toContain('layers: w');
    expect(notes[1].reason).toContain('no multiple of 4');
    expect(issues.map(({ code }) => code)).toEqual(['idle-pattern', 'zeros-not-faster']);
  });

  it('says so where there are as many zeros already', async () => {
    const model = text(
      `flat = Flatten (x)
       y = MatMul (flat, w)`,
      `float[16,2] w = {${Array.from({ length: 32 }, (_, i) => (i % 4 === 0 ? 1 : 0)).join()}}`,
    );
    const { changed, issues } = await run(model, { sparsity: 0.5 });
    expect(changed).toBe(false);
    expect(issues.map(({ code }) => code)).toContain('nothing-zeroed');
  });

  it('is refused where there is nothing to set to zero, and needs data only where it looks at it', async () => {
    const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
      g (float[1,4] x) => (float[1,4] y) { y = Relu(x) }`);
    expect(sparsify.refuse(model)).toMatch(/no layer/);
    await expect(run(model, { sparsity: 0.5, criterion: 'wanda' })).rejects.toThrow('calibration');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(run(model, { sparsity: 0.5 }, { signal })).rejects.toThrow('enough');
  });
});

describe('Wanda', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await startRuntime();
  });
  afterAll(() => runtime.close());

  it('scores as the definition says, for a grouped convolution and a dense layer', async () => {
    const random = seededRandom(3);
    const list = (count: number): string =>
      Array.from({ length: count }, () => random.uniform() - 0.5).join();
    const model = text(
      `z = Conv <group = 2> (x, w)
       flat = Flatten (z)
       y = MatMul (flat, v)`,
      `float[6,2,1,1] w = {${list(12)}}, float[24,5] v = {${list(120)}}`,
    );
    const calibration = datasetInMemory({
      name: 'random',
      data: Float32Array.from({ length: 20 * 16 }, (_, i) => random.uniform() * (1 + (i % 7))),
      sampleDims: [4, 2, 2],
    });
    const { model: result } = await run(
      model,
      { sparsity: 0.4, criterion: 'wanda', scored_samples: 20, recover: 'none' },
      { runtime, calibration },
    );
    const seen: Record<string, number[]> = { x: [], flat: [] };
    await streamActivations(runtime, model, calibration, ['x', 'flat'], {}, (values) => {
      for (const key of ['x', 'flat']) seen[key].push(...(values[key].data as Float32Array));
    });
    const norm = (values: number[], channel: (at: number) => boolean): number =>
      Math.sqrt(values.reduce((sum, each, at) => sum + (channel(at) ? each * each : 0), 0));
    const expected = {
      w: (at: number) => {
        const channel = (at % 2) + (at >= 6 ? 2 : 0);
        return norm(seen.x, (i) => Math.floor(i / 4) % 4 === channel);
      },
      v: (at: number) => norm(seen.flat, (i) => i % 24 === Math.floor(at / 5)),
    };
    for (const name of ['w', 'v'] as const) {
      const before = floats(constants(model).get(name)!);
      const scores = Array.from(before, (each, at) => Math.abs(each) * expected[name](at));
      const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b]);
      const gone = new Set(order.slice(0, Math.round(0.4 * order.length)));
      const after = floats(constants(result).get(name)!);
      expect([...after]).toEqual(Array.from(before, (each, at) => (gone.has(at) ? 0 : each)));
    }
  });
});

describe.skipIf(!present)('sparsify on trained models (needs ../shared)', () => {
  const torch = { scale: '1/255', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  let runtime: Runtime;
  let test: Dataset;
  beforeAll(async () => {
    runtime = await startRuntime();
    test = await openDataset(`${data}/cifar10-test1017-lossless.npz`, torch);
  });
  afterAll(() => runtime.close());

  async function accuracy(model: Model, images = test): Promise<number> {
    const session = await openModel(runtime, model);
    const { top1 } = await evaluateAccuracy(session, images);
    await session.close();
    return top1;
  }

  it.each([
    'resnet20-cifar10-bn',
    'mobilenet_v1_0.25_224-bn',
    'resnet8-cifar10-qdq-int8',
    'mnist-cntk',
    'ppocr-cls',
    'ppocrv4-det',
    'ultraface-rfb320',
    'fc-autoencoder-toycar',
  ])('changes nothing in %s but the weights it names, and the result runs', async (name) => {
    const model = read(name);
    const before = constants(model);
    const { model: result, notes } = await run(model, { sparsity: 0.6 });
    expect(notes.some((note) => note.after < note.before)).toBe(true);
    let changed = 0;
    for (const [key, tensor] of constants(result)) {
      const [a, b] = [before.get(key)!, tensor];
      expect(dimsOf(b)).toEqual(dimsOf(a));
      expect(b.dataType).toBe(a.dataType);
      const [old, now] = [elements(a), elements(b)];
      const differing = [...now.keys()].filter((i) => old[i] !== now[i]);
      if (differing.length === 0) continue;
      changed++;
      // Symmetric int8 throughout these models: zero is stored as zero.
      expect(differing.every((i) => Number(now[i]) === 0)).toBe(true);
      expect(zeros(b)).toBeGreaterThanOrEqual(Math.round(0.6 * now.length));
    }
    expect(changed).toBe(notes.filter((note) => note.after < note.before).length);
    expect(compressedSize(result)).toBeLessThan(0.8 * compressedSize(model));
    const session = await openModel(runtime, result);
    const feeds = exampleFeeds(session, seededRandom(1), {}, exampleShapes(model));
    expect(Object.keys(await session.run(feeds)).length).toBeGreaterThan(0);
    await session.close();
  });

  it('keeps ResNet-20 at half its weights, and says that it got no faster', async () => {
    const model = read('resnet20-cifar10-bn');
    const { model: result, issues } = await run(model, { sparsity: 0.5 });
    // Measured: 89.5 %; of 91.6 % before.
    expect(await accuracy(result)).toBeGreaterThan(0.87);
    expect(issues[0].message).toContain('no speed');
  });

  it('recovers most of what zeros cost, and every zero stays', async () => {
    const model = read('resnet8-cifar10');
    const raw = await openDataset(`${data}/cifar10-train8k-lossless.npz`, {});
    const context = { runtime, calibration: raw };
    const options = { sparsity: 0.6, samples: 128 };
    const sparse = await run(model, { ...options, recover: 'none' }, context);
    const recovered = await run(model, options, context);
    const after = constants(recovered.model);
    for (const [name, tensor] of constants(sparse.model)) {
      if (dimsOf(tensor).length < 2) continue;
      const [before, now] = [floats(tensor), floats(after.get(name)!)];
      expect(before.every((value, i) => value !== 0 || now[i] === 0)).toBe(true);
    }
    const pixels = await openDataset(`${data}/cifar10-test1017-lossless.npz`, {});
    // Measured: 12.6 and 78.7 %.
    const [low, high] = [
      await accuracy(sparse.model, pixels),
      await accuracy(recovered.model, pixels),
    ];
    expect(high).toBeGreaterThan(low + 0.1);
    expect(high).toBeGreaterThan(0.7);
  });

  it('gives the same bytes again, and leaves its argument alone', async () => {
    const model = read('resnet8-cifar10');
    const before = encodeModel(model);
    const raw = await openDataset(`${data}/cifar10-train8k-lossless.npz`, {});
    const once = async (): Promise<Buffer> => {
      const options = { sparsity: 0.7, criterion: 'wanda', scored_samples: 32, samples: 32 };
      const result = await run(model, options, { runtime, calibration: raw });
      return Buffer.from(encodeModel(result.model));
    };
    expect((await once()).equals(await once())).toBe(true);
    expect(Buffer.from(encodeModel(model)).equals(before)).toBe(true);
  });
});
