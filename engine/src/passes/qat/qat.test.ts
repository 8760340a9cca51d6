import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open';
import type { Model } from '../../ir/model';
import { validateModel } from '../../ir/validate';
import { loadModel } from '../../onnx/load';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import { evaluateAccuracy } from '../../runtime/evaluate';
import { openModel } from '../../runtime/open-model';
import type { Runtime } from '../../runtime/runtime';
import { featureLosses } from '../../train/losses';
import type { PassContext } from '../pass';
import { quantizeOptions } from '../quantize/options';
import { quantize } from '../quantize/quantize';
import { qatOptions } from './options';
import { qat } from './qat';
import { quantizers } from './quantizers/index';

const example = resolve(__dirname, '../../../../examples/fashion');
const preprocessing = { mean: 0.286, std: 0.353 };
let runtime: Runtime;
let model: Model;
let data: Dataset;
let test: Dataset;
beforeAll(async () => {
  runtime = await startRuntime();
  ({ model } = loadModel(resolve(example, 'models/fashion.onnx')));
  data = await openDataset(resolve(example, 'data/fashion-calibration.npz'), preprocessing);
  test = await openDataset(resolve(example, 'data/fashion-test.npz'), preprocessing);
});
afterAll(() => runtime.close());

function contextWith(more: Partial<PassContext> = {}): PassContext {
  return {
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
    runtime,
    calibration: data,
    ...more,
  };
}

/** Nothing that depends on the machine or takes long. */
const plain = {
  calibration_samples: 16,
  correct_bias: 'none',
  rounding: 'nearest',
  reduce_range: 'never',
};

function run(given: object = {}, more: Partial<PassContext> = {}) {
  return qat.run(model, qatOptions.parse({ ...plain, ...given }), contextWith(more));
}

async function accuracy(of: Model): Promise<number> {
  const session = await openModel(runtime, of);
  try {
    return (await evaluateAccuracy(session, test.sample(600, 2))).top1;
  } finally {
    await session.close();
  }
}

const operators = ({ graph }: Model, opType: string) =>
  graph!.node.filter((node) => node.opType === opType);

describe('quantization-aware training', () => {
  it('begins with the post-training result, to the byte', async () => {
    const options = { samples: 16, reduce_range: 'never' };
    const { model: expected } = await quantize.run(
      model,
      quantizeOptions.parse(options),
      contextWith(),
    );
    const { model: actual } = await run({ epochs: 0, correct_bias: 'auto', rounding: 'auto' });
    expect(Buffer.compare(encodeModel(actual), encodeModel(expected))).toBe(0);
  });

  it('makes good what two bits cost, by the labels and by the original alone', async () => {
    const bits = { weights: 2, activations: 3, progressive: false, batch: 32, samples: 512 };
    const start = await accuracy((await run({ ...bits, epochs: 0 })).model);
    const { model: tuned, curves } = await run({ ...bits, epochs: 1, rate: 0.002 });
    expect(await accuracy(tuned)).toBeGreaterThan(start + 0.05);
    expect(curves?.map(({ epochs }) => epochs.length)).toEqual([1]);
  });

  it('gives the same bytes for the same seed, and leaves the given model alone', async () => {
    const before = encodeModel(model);
    const once = { weights: 4, activations: 4, epochs: 1, samples: 64, batch: 32, held_out: 32 };
    const both = [await run(once, { validation: test }), await run(once, { validation: test })];
    const [one, two] = both;
    expect(Buffer.compare(encodeModel(one.model), encodeModel(two.model))).toBe(0);
    expect(Buffer.compare(encodeModel(model), before)).toBe(0);
  });

  it.each(quantizers.map(({ id }) => id))(
    'learns by %s from where it begins',
    async (quantizer) => {
      const few = { weights: 4, activations: 4, quantizer, epochs: 1, samples: 128, batch: 32 };
      const lossAt = async (rate: number) =>
        (await run({ ...few, rate })).curves![0].epochs[0].loss;
      expect(await lossAt(0.002)).toBeLessThan(await lossAt(1e-9));
    },
  );

  it('goes down to two bits by way of four and three', async () => {
    const messages = new Set<string>();
    const { curves, model: result } = await run(
      { weights: 2, activations: 2, epochs: 3, progressive: true, samples: 32, batch: 32 },
      { progress: ({ message }) => messages.add(/^. bits/.exec(message)?.[0] ?? '') },
    );
    expect(curves?.map(({ title, epochs }) => [title, epochs.length])).toEqual([
      ['4 bits', 1],
      ['3 bits', 1],
      ['2 bits', 1],
    ]);
    expect([...messages]).toEqual(['', '4 bits', '3 bits', '2 bits']);
    expect(validateModel(result).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('learns from what the original makes within', async () => {
    const few = { weights: 4, epochs: 1, samples: 32, batch: 32, cross_entropy: 0 };
    const lossOf = async (features: object) => {
      const { curves, issues } = await run({ ...few, features });
      return { loss: curves![0].epochs[0].loss, said: issues.at(-1)?.message };
    };
    const { loss: plain } = await lossOf({});
    for (const { id, weight } of featureLosses) {
      const { loss, said } = await lossOf({ [id]: weight });
      expect(said).toMatch(/ at layer\d.* \(weight/);
      expect(loss, id).toBeGreaterThan(plain);
    }
  });

  it('compares the layers that are named, and says which there are not', async () => {
    const few = { weights: 4, epochs: 1, samples: 32, batch: 32 };
    const at = (layers: string[]) => run({ ...few, features: { attention: { layers } } });
    const { issues } = await at(['layer2.0.conv2']);
    expect(issues.at(-1)?.message).toMatch(/at layer2\.0\.conv2 \(weight/);
    await expect(at(['layer9'])).rejects.toThrow(/layer9/);
  });

  it('packs codes two to a byte, or gives each a byte for integer kernels', async () => {
    const few = { weights: 4, activations: 4, epochs: 0 };
    const [packed, bytes] = [await run(few), await run({ ...few, pack: false })];
    const types = ({ graph }: Model) =>
      new Set(graph!.initializer.filter(({ dims }) => dims.length === 4).map((t) => t.dataType));
    expect([...types(packed.model)].sort()).toEqual([22, 3]);
    expect([...types(bytes.model)]).toEqual([3]);
    // An int32 bias for each layer, as everywhere where both sides are bytes.
    expect(bytes.model.graph!.initializer.some(({ dataType }) => dataType === 6)).toBe(true);
    expect(operators(bytes.model, 'Clip').length).toBeGreaterThan(0);
    expect(operators(packed.model, 'Identity')).toEqual([]);
    expect(await accuracy(bytes.model)).toBeCloseTo(await accuracy(packed.model), 2);
  });

  it('leaves layers in floating point and gives others their own bits', async () => {
    const { notes } = await run({
      weights: 4,
      epochs: 0,
      layers: { 'layer2.*': { weights: 3 }, 'layer3.*': { skip: true } },
    });
    const bits = new Map(notes.map(({ subject, after }) => [subject, after]));
    expect(bits.get('layer2.0.conv1')).toBe(3);
    expect(bits.get('layer3.0.conv1')).toBe(32);
    expect([bits.get('fc'), bits.get('layer1.0.conv1')]).toEqual([8, 4]);
  });

  it('refuses what it cannot train', async () => {
    await expect(run({}, { calibration: undefined })).rejects.toThrow(/needs data/);
    const { model: quantized } = await run({ epochs: 0 });
    expect(qat.refuse(quantized)).toMatch(/quantized already/);
    const { graph } = model;
    expect(qat.refuse({ ...model, graph: { ...graph!, initializer: [] } })).toMatch(/no float32/);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const progress = () => stop.abort();
    await expect(run({ samples: 64 }, { signal: stop.signal, progress })).rejects.toThrow(/abort/i);
  });
});
