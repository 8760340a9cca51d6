import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open';
import type { Model } from '../../ir/model';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import { evaluateAccuracy } from '../../runtime/evaluate';
import { evaluateFidelity } from '../../runtime/fidelity';
import type { Runtime } from '../../runtime/runtime';
import { textArrays, textModel } from '../../train/testing/masked-texts';
import { towerArrays, towers } from '../../train/testing/two-towers';
import type { PassContext } from '../pass';
import { finetune } from './finetune';
import { finetuneOptions } from './options';

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await startRuntime();
  folder = mkdtempSync(join(tmpdir(), 'coppice-inputs-'));
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

let files = 0;
function opened(model: Model, bytes: Uint8Array, options: object = {}): Promise<Dataset> {
  const path = join(folder, `${files++}.npz`);
  writeFileSync(path, bytes);
  return openDataset(path, options, model);
}

function tuned(model: Model, calibration: Dataset, given: object, more: Partial<PassContext> = {}) {
  return finetune.run(model, finetuneOptions.parse(given), {
    ...{ runtime, calibration, seed: 1, progress: () => undefined },
    ...{ signal: new AbortController().signal, ...more },
  });
}

async function accuracy(model: Model, data: Dataset): Promise<number> {
  const session = await runtime.open(encodeModel(model));
  try {
    return (await evaluateAccuracy(session, data)).top1;
  } finally {
    await session.close();
  }
}

const training = { optimizer: 'adamw', rate: 0.01, batch: 32, decay: 0 };

describe('a transformer that reads tokens and their mask', () => {
  const model = textModel();

  it('learns labels, which held-out texts confirm', async () => {
    const [data, test] = [
      await opened(model, textArrays(512)),
      await opened(model, textArrays(200, { seed: 2 })),
    ];
    const before = await accuracy(model, test);
    const { model: after, notes } = await tuned(
      model,
      data,
      { ...training, epochs: 6 },
      { validation: test },
    );
    expect(before).toBeLessThan(0.6);
    expect(await accuracy(after, test)).toBeGreaterThan(0.95);
    expect(notes.at(-1)!.why!.heldOut).toBe(await accuracy(after, test));
    expect(after.graph!.input).toEqual(model.graph!.input);
    // Without the mask the words that it leaves out are in the way.
    const blind = await opened(model, textArrays(200, { seed: 2, masked: false }));
    expect(await accuracy(after, blind)).toBeLessThan(0.8);
  });

  it('learns from a teacher of the same inputs, without labels', async () => {
    const [labelled, unlabelled, test] = [
      await opened(model, textArrays(512)),
      await opened(model, textArrays(512, { seed: 3, labelled: false })),
      await opened(model, textArrays(200, { seed: 2 })),
    ];
    const { model: teacher } = await tuned(model, labelled, { ...training, epochs: 6 });
    const other = textModel(7);
    const options = { ...training, epochs: 6, temperature: 1 };
    const { model: after, issues } = await tuned(other, unlabelled, options, { original: teacher });
    expect(issues.at(-1)!.message).toMatch(/from what the teacher says/);
    expect(await accuracy(other, test)).toBeLessThan(0.6);
    expect(await accuracy(after, test)).toBeGreaterThan(0.95);
    const [its, own] = await Promise.all(
      [teacher, after].map((each) => runtime.open(encodeModel(each))),
    );
    expect((await evaluateFidelity(its, own, unlabelled)).agreement).toBeGreaterThan(0.95);
  });

  it('comes to the same bytes again', async () => {
    const data = await opened(model, textArrays(64));
    const [once, again] = [await tuned(model, data, training), await tuned(model, data, training)];
    expect(encodeModel(again.model)).toEqual(encodeModel(once.model));
  });

  it('has no images that could be changed', async () => {
    const data = await opened(model, textArrays(64));
    for (const given of [{ mirror: true }, { mixup: 0.2 }]) {
      await expect(tuned(model, data, given)).rejects.toThrow(
        /none of the inputs ids, mask takes images, so (mirror|mixup) cannot be applied/,
      );
    }
  });

  it('has a teacher of the same inputs, or none', async () => {
    const data = await opened(model, textArrays(64));
    const other = weightedModel('(int64[N,L] words) => (float[N,3] y) <float[12,3] t> { e = Gather(t, words)  y = ReduceMean<axes: ints = [1], keepdims: int = 0>(e) }'); // prettier-ignore
    const two = weightedModel('(int64[N,L] ids, int64[N,L] types) => (float[N,3] y) <float[12,3] t> { s = Add(ids, types)  e = Gather(t, s)  y = ReduceMean<axes: ints = [1], keepdims: int = 0>(e) }'); // prettier-ignore
    await expect(tuned(model, data, {}, { original: two })).rejects.toThrow(
      /teacher reads "types", which is no input of the model/,
    );
    await expect(tuned(model, data, {}, { original: other })).rejects.toThrow(
      /of the teacher, but "words" needs a value/,
    );
  });
});

describe('two towers, one of images', () => {
  it('learns from both, with images that are changed and values that are the same for all', async () => {
    const data = await opened(towers, towerArrays(64), { mean: 0.5, std: 0.5 });
    const given = { ...training, rate: 0.05, epochs: 20, mirror: true, brightness: 0.2 };
    const { model: after, curves } = await tuned(towers, data, given);
    expect(curves![0].epochs.at(-1)!.loss).toBeLessThan(0.5 * curves![0].epochs[0].loss);
    expect(await accuracy(after, data)).toBeGreaterThan(0.9);
  });

  it('is not mixed', async () => {
    const data = await opened(towers, towerArrays(64));
    await expect(tuned(towers, data, { mixup: 0.2 })).rejects.toThrow(
      /mixup would mix images of "picture", but cannot mix what place read/,
    );
  });

  it('is refused with data of one input', async () => {
    const data = await opened(towers, towerArrays(64, false));
    const one = { ...data, input: undefined, others: undefined, constants: undefined };
    await expect(tuned(towers, { ...one, labelled: true }, {})).rejects.toThrow(
      /"place" of the model, but "picture" and "gain" and "state" need values, too: give an \.npz/,
    );
  });
});
