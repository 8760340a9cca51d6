import { resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open';
import type { Model } from '../../ir/model';
import { loadModel } from '../../onnx/load';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import { decompose } from '../decompose/decompose';
import type { Pass, PassContext } from '../pass';
import { prune } from '../prune/prune';
import { epochsOf } from './tuning';

const example = resolve(__dirname, '../../../../examples/fashion');
let runtime: Runtime;
let model: Model;
let data: Dataset;
beforeAll(async () => {
  runtime = await startRuntime();
  ({ model } = loadModel(resolve(example, 'models/fashion.onnx')));
  const file = resolve(example, 'data/fashion-calibration.npz');
  data = (await openDataset(file, { mean: 0.286, std: 0.353 })).sample(32, 0);
});
afterAll(() => runtime.close());

function run(pass: Pass, options: object, more: Partial<PassContext> = {}) {
  const signal = new AbortController().signal;
  const context = { signal, seed: 0, progress: () => undefined, runtime, calibration: data };
  return pass.run(model, pass.options.parse(options), { ...context, ...more });
}

const half = { criterion: 'fpgm', macs: 0.5, samples: 16, recover: 'finetune' };

describe('recovery by fine-tuning', () => {
  it('trains after least squares, the given model being the teacher, and accounts for it', async () => {
    const untuned = await run(prune, { ...half, recover: 'reconstruct' });
    const finetune = { batch: 16, epochs: 2 };
    const { model: tuned, notes, issues, curves } = await run(prune, { ...half, finetune });
    expect(Buffer.compare(encodeModel(tuned), encodeModel(untuned.model))).not.toBe(0);
    expect(encodeModel(tuned).length).toBe(encodeModel(untuned.model).length);
    expect(notes.slice(0, untuned.notes.length)).toEqual(untuned.notes);
    const epochs = notes.slice(untuned.notes.length).map(({ subject }) => subject);
    expect(epochs).toEqual(['epoch 1', 'epoch 2']);
    expect(curves).toHaveLength(1);
    expect(issues.at(-1)?.message).toMatch(/2 epochs .* labels .* teacher/);
  });

  it('shares the epochs out among rounds of pruning, with a curve and an account for each', async () => {
    const finetune = { batch: 16, epochs: 3 };
    const told = new Set<string | undefined>();
    const { curves, notes, issues } = await run(
      prune,
      { ...half, rounds: 2, finetune },
      { progress: ({ training }) => training && told.add(training.curve.title) },
    );
    expect([...told]).toEqual(['round 1', 'round 2']);
    expect(curves?.map(({ title, epochs }) => [title, epochs.length])).toEqual([
      ['round 1', 1],
      ['round 2', 2],
    ]);
    expect(notes.flatMap(({ subject }) => (subject.startsWith('round') ? [subject] : []))).toEqual([
      'round 1, epoch 1',
      'round 2, epoch 1',
      'round 2, epoch 2',
    ]);
    expect(issues.map(({ message }) => message).join('\n')).toMatch(/^round 1: .*^round 2: /ms);
  });

  it('follows a decomposition, too', async () => {
    const { curves } = await run(decompose, {
      ...{ method: 'svd', macs: 0.8, samples: 16 },
      ...{ recover: 'finetune', finetune: { batch: 16 } },
    });
    expect(curves).toHaveLength(1);
  });

  it.each([prune, decompose] as Pass[])('asks for data and for the word: $id', async (pass) => {
    const bare = { macs: 0.5, recover: 'finetune' };
    await expect(run(pass, bare, { calibration: undefined })).rejects.toThrow(/needs data/);
    const idle = pass.options.safeParse({ macs: 0.5, finetune: { epochs: 2 } });
    expect(idle.error?.issues[0].message).toMatch(/recover: finetune/);
  });
});

it('epochs of all rounds are all epochs, and later rounds get no fewer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 32 }), (epochs, of) => {
      const shares = Array.from({ length: of }, (_, i) => epochsOf(epochs, { number: i + 1, of }));
      expect(shares.reduce((a, b) => a + b, 0)).toBe(epochs);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      expect(shares.at(-1)).toBe(Math.max(...shares));
    }),
  );
});
