import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../data/open';
import type { Dataset } from '../../data/dataset';
import type { Model } from '../../ir/model';
import { loadModel } from '../../onnx/load';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import type { PassContext } from '../pass';
import { finetune } from './finetune';
import { finetuneOptions } from './options';

const example = resolve(__dirname, '../../../../examples/fashion');
let runtime: Runtime;
let model: Model;
let data: Dataset;
beforeAll(async () => {
  runtime = await startRuntime();
  ({ model } = loadModel(resolve(example, 'models/fashion.onnx')));
  const file = resolve(example, 'data/fashion-calibration.npz');
  data = (await openDataset(file, { mean: 0.286, std: 0.353 })).sample(64, 0);
});
afterAll(() => runtime.close());

function run(more: Partial<PassContext> = {}, given: object = {}) {
  const context: PassContext = {
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
    runtime,
    calibration: data,
    ...more,
  };
  return finetune.run(model, finetuneOptions.parse({ batch: 32, ...given }), context);
}

const unlabelled = (): Dataset => {
  const hidden = (from: Dataset): Dataset => ({
    ...from,
    labelled: false,
    batches: async function* (size, signal) {
      for await (const { data: values, dims } of from.batches(size, signal)) {
        yield { data: values, dims };
      }
    },
    sample: (count, seed) => hidden(from.sample(count, seed)),
    skip: (count) => hidden(from.skip(count)),
  });
  return hidden(data);
};

describe('fine-tuning', () => {
  it('says what it did, epoch by epoch', async () => {
    const { changed, notes, issues } = await run({}, { epochs: 2 });
    expect(changed).toBe(true);
    expect(notes.map(({ subject }) => subject)).toEqual(['epoch 1', 'epoch 2']);
    expect(notes[1].why).toMatchObject({ loss: expect.any(Number), accuracy: expect.any(Number) });
    expect(issues.at(-1)?.message).toMatch(/2 epochs on 64 samples .* from labels/);
  });

  it('learns from the original alone where nothing is labelled', async () => {
    const original = loadModel(resolve(example, 'models/fashion.onnx')).model;
    const { notes, issues } = await run({ calibration: unlabelled(), original });
    expect(notes[0].why?.accuracy).toBeNull();
    expect(issues.at(-1)?.message).toMatch(/from what the teacher says/);
  });

  it('refuses where there is nothing to learn from, or nothing to train', async () => {
    await expect(run({ calibration: undefined })).rejects.toThrow(/needs data/);
    await expect(run({ calibration: unlabelled(), original: model })).rejects.toThrow(
      /neither labels nor a teacher/,
    );
    const { graph } = model;
    const bare = { ...model, graph: { ...graph!, initializer: [] } };
    expect(finetune.refuse(bare)).toMatch(/no float32 weights/);
    await expect(run({}, { layers: ['nothing*'] })).rejects.toThrow(/No layer/);
  });

  it('counts held-out samples after each epoch, and may keep the best', async () => {
    const validation = data.sample(40, 1);
    const { notes, issues } = await run({ validation }, { held_out: 32, samples: 32 });
    expect(notes[0].reason).toMatch(/% of the training images right, [\d.]+ % of those held out/);
    expect(Number(notes[0].why?.heldOut) * 32).toBeCloseTo(
      Math.round(Number(notes[0].why?.heldOut) * 32),
    );
    expect(issues.at(-1)?.message).toMatch(/batches of 32/);
    expect(
      (await run({ validation }, { held_out: 0, samples: 32 })).notes[0].why,
    ).not.toHaveProperty('heldOut');
    await expect(run({}, { keep: 'best' })).rejects.toThrow(/validation/);
  });

  it('takes what fits where no batch is given', async () => {
    const { issues } = await run({}, { batch: undefined, samples: 48 });
    expect(issues.at(-1)?.message).toMatch(/48 samples in batches of 48/);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const progress = () => stop.abort();
    await expect(run({ signal: stop.signal, progress })).rejects.toThrow(/abort/i);
  });
});
