import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../onnx/write';
import { startRuntime } from '../runtime/client';
import { evaluateAccuracy } from '../runtime/evaluate';
import type { Runtime } from '../runtime/runtime';
import { tinyData, tinyModel, tinyOptions } from './testing/tiny-training';
import { train, type TrainOptions } from './train';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

const heldOut = tinyData(200, 77);
const run = (more: Partial<TrainOptions>) =>
  train(
    tinyModel(),
    { ...tinyOptions, ...more },
    {
      ...{ runtime, heldOut, data: tinyData(96), seed: 2 },
      signal: new AbortController().signal,
      progress: () => undefined,
    },
  );

async function accuracyOf(model: Parameters<typeof encodeModel>[0]): Promise<number> {
  const session = await runtime.open(encodeModel(model));
  const { top1 } = await evaluateAccuracy(session, heldOut);
  await session.close();
  return top1;
}

describe('samples that are held out', () => {
  it('are counted after each epoch, and decide which weights are kept', async () => {
    // A rate that rises to far too much: later epochs are worse than earlier ones.
    const rising = {
      id: 'rising',
      doc: '',
      factor: (progress: number) => 60 * progress ** 4 + 0.5,
    };
    const schedule = { epochs: 5, rate: 0.1, schedule: rising };
    const last = await run(schedule);
    const shares = last.curve.epochs.map(({ heldOut: share }) => share!);
    expect(await accuracyOf(last.model)).toBe(shares.at(-1));
    const best = await run({ ...schedule, keep: 'best' });
    expect(best.curve).toEqual(last.curve);
    const most = Math.max(...shares);
    expect(most).toBeGreaterThan(shares.at(-1)!);
    expect(await accuracyOf(best.model)).toBe(most);
    expect(best.issues.at(-1)).toMatchObject({ code: 'kept-best' });
  });

  it('are those that averaged weights are counted with, too', async () => {
    const { model, curve } = await run({ average: 0.95, epochs: 3 });
    expect(await accuracyOf(model)).toBe(curve.epochs.at(-1)!.heldOut);
    const plain = await run({ epochs: 3 });
    expect(Buffer.compare(encodeModel(plain.model), encodeModel(model))).not.toBe(0);
  });
});
