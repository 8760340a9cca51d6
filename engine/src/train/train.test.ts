import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../data/dataset';
import { openDataset } from '../data/open';
import type { Model } from '../ir/model';
import { elements } from '../ir/tensor';
import { loadModel } from '../onnx/load';
import { encodeModel } from '../onnx/write';
import { evaluateAccuracy } from '../runtime/evaluate';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { softLabels } from './losses/soft-labels';
import { tinyOptions } from './testing/tiny-training';
import { train, type TrainOptions } from './train';

const example = resolve(__dirname, '../../../examples/fashion');
let runtime: Runtime;
let model: Model;
let data: Dataset;
beforeAll(async () => {
  runtime = await startRuntime();
  ({ model } = loadModel(resolve(example, 'models/fashion.onnx')));
  const file = resolve(example, 'data/fashion-calibration.npz');
  data = await openDataset(file, { mean: 0.286, std: 0.353 });
});
afterAll(() => runtime.close());

const options: TrainOptions = { ...tinyOptions, epochs: 1, batch: 32, rate: 0.02 };

function run(start: Model, more: Partial<TrainOptions> = {}, teacher?: Model, samples = 256) {
  return train(
    start,
    { ...options, ...more },
    {
      runtime,
      data: data.sample(samples, 1),
      teacher,
      seed: 3,
      signal: new AbortController().signal,
      progress: () => undefined,
    },
  );
}

/** The model with the weights of its layers moved far enough that it has forgotten most. */
function disturbed(): Model {
  const initializer = model.graph!.initializer.map((tensor) => {
    if (tensor.dataType !== 1 || tensor.dims.length < 2) return tensor;
    const values = Float32Array.from(elements(tensor) as Float32Array, (value, i) => {
      return value * (1 + 0.9 * Math.sin(i * 12.9898));
    });
    const bytes = new Uint8Array(values.buffer);
    return { ...tensor, rawData: { byteLength: bytes.length, read: () => bytes } };
  });
  return { ...model, graph: { ...model.graph!, initializer } };
}

async function accuracy(of: Model): Promise<number> {
  const session = await runtime.open(encodeModel(of));
  try {
    return (await evaluateAccuracy(session, data.sample(500, 9), {})).top1;
  } finally {
    await session.close();
  }
}

describe('training', () => {
  it('lowers the loss and brings a disturbed model back, with labels or by a teacher alone', async () => {
    const start = disturbed();
    const before = await accuracy(start);
    const labels = await run(start, { epochs: 2 });
    expect(labels.curve.epochs[1].loss).toBeLessThan(labels.curve.epochs[0].loss);
    expect(await accuracy(labels.model)).toBeGreaterThan(before + 0.05);
    const losses = [{ loss: softLabels(4), weight: 1 }];
    const taught = await run(start, { epochs: 2, losses }, model);
    expect(taught.curve.epochs[1].loss).toBeLessThan(taught.curve.epochs[0].loss);
    expect(await accuracy(taught.model)).toBeGreaterThan(before + 0.05);
  });

  it('gives the same bytes for the same seed, and leaves the given model alone', async () => {
    const before = encodeModel(model);
    const [one, two] = [await run(model, {}, undefined, 64), await run(model, {}, undefined, 64)];
    expect(Buffer.compare(encodeModel(one.model), encodeModel(two.model))).toBe(0);
    expect(Buffer.compare(encodeModel(model), before)).toBe(0);
    expect(Buffer.compare(encodeModel(one.model), before)).not.toBe(0);
  });

  it('moves only the layers that are trained', async () => {
    const only = (layer: string) => layer === model.graph!.node.at(-1)?.name || layer === 'fc';
    const { model: tuned } = await run(
      model,
      { trained: only, statistics: 'fixed' },
      undefined,
      64,
    );
    const moved = tuned.graph!.initializer.filter((tensor, i) => {
      const [a, b] = [tensor, model.graph!.initializer[i]].map((each) => {
        return Buffer.from(each.rawData?.read() ?? new Uint8Array());
      });
      return !a.equals(b);
    });
    expect(moved.map(({ name }) => name)).toEqual(['fc.weight', 'fc.bias']);
  });

  it('asks for labels where a loss needs them', async () => {
    const unlabelled: Dataset = {
      ...data,
      batches: async function* (size, signal) {
        for await (const { data: values, dims } of data.batches(size, signal)) {
          yield { data: values, dims };
        }
      },
      sample: () => unlabelled,
      skip: () => unlabelled,
    };
    const context = { runtime, data: unlabelled, seed: 0, progress: () => undefined };
    const { signal } = new AbortController();
    await expect(train(model, options, { ...context, signal })).rejects.toThrow(/no labels/);
  });
});
