import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../../test/support/weighted-text';
import { datasetInMemory } from '../../../data/memory-data';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import { Judge } from './judge';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

/** Gives its input, so that of sample k output k is largest. */
const model = weightedModel(`(float[N,6] x) => (float[N,6] y) { y = Identity (x) }`);
const data = Float32Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0));

async function top1(labels: readonly number[], labelOffset?: number): Promise<number | null> {
  const calibration = datasetInMemory({
    name: 'unit vectors',
    data,
    sampleDims: [6],
    labels: Int32Array.from(labels),
  });
  const context = { signal: new AbortController().signal, seed: 0, progress: () => undefined };
  const judge = await Judge.open(model, [], { ...context, runtime, calibration, labelOffset });
  await judge.close();
  return judge.batches.original;
}

describe('judging by labels', () => {
  it('shifts them as the recipe says', async () => {
    expect(await top1([-2, -1, 0, 1, 2, 3], 2)).toBe(1);
    expect(await top1([0, 1, 2, 3, 4, 5], 2)).toBe(0);
  });

  it('finds out whether there is a background class where the recipe does not say', async () => {
    expect(await top1([0, 1, 2, 3, 4, 5])).toBe(1);
    expect(await top1([-1, 0, 1, 2, 3, 4])).toBe(1);
  });
});
