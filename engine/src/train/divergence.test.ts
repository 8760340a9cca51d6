import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../onnx/write';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { limitOf, watched } from './divergence';
import { firstSnapshot, type Snapshot } from './snapshot';
import { tinyData, tinyModel, tinyOptions } from './testing/tiny-training';
import { train } from './train';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

async function run(rate: number) {
  const losses: number[] = [];
  const { signal } = new AbortController();
  const trained = await train(
    tinyModel(),
    { ...tinyOptions, rate },
    {
      ...{ runtime, signal, data: tinyData(160), seed: 1 },
      progress: ({ loss }) => void losses.push(loss),
    },
  );
  return { ...trained, losses };
}

describe('a loss that grows beyond all bounds', () => {
  it('leads back to the beginning of the epoch, at a lower rate', async () => {
    const { model, curve, issues, losses } = await run(10);
    expect(issues.map(({ code }) => code)).toEqual(['rate-lowered']);
    expect(issues[0].message).toMatch(/epoch 1 .* rate of 3\.0/);
    // It was not infinite, only eight times in a row out of all proportion.
    const excessive = losses.filter((loss) => loss > limitOf(losses[0], 4));
    expect(excessive.length).toBeGreaterThanOrEqual(7);
    expect(excessive.every(Number.isFinite)).toBe(true);
    // What had gone wrong has left no trace.
    const slower = await run(3);
    expect(slower.issues).toEqual([]);
    expect(Buffer.compare(encodeModel(model), encodeModel(slower.model))).toBe(0);
    expect(curve).toEqual(slower.curve);
  });

  it('ends the training where no rate helps, and says what to do', async () => {
    await expect(run(1e30)).rejects.toThrow(/rate of 2\.7e\+28: lower the rate, or clip/);
  });
});

describe('watching losses', () => {
  const start = firstSnapshot({}, 1, 100);
  const after = (losses: readonly number[]): Snapshot | undefined => {
    let snapshot: Snapshot | undefined = start;
    for (const loss of losses) snapshot = snapshot && watched(snapshot, loss, 10);
    return snapshot;
  };
  const high = 4 * Math.log(10) + 0.1;

  it('forgives single batches and what is no worse than a bad start', () => {
    expect(after([0.1, ...new Array<number>(7).fill(high), 1, high])).toBeDefined();
    expect(after([30, ...new Array<number>(50).fill(100)])).toBeDefined();
  });

  it('does not forgive eight in a row, nor what is no number', () => {
    expect(after([0.1, ...new Array<number>(8).fill(high)])).toBeUndefined();
    expect(after([0.1, NaN])).toBeUndefined();
    expect(after([Infinity])).toBeUndefined();
  });
});
