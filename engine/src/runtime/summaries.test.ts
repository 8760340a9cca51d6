import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetInMemory } from '../data/memory-data';
import { seededRandom } from '../linalg/random';
import { parseModel } from '../onnx/text/parse';
import { streamActivations } from './activations';
import { startRuntime } from './client';
import { mergeSummaries, summarize, type Summary } from './histogram';
import type { Runtime } from './runtime';
import { streamSummaries } from './summaries';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 9]>
g (float[N,3,64,64] x) => (float[N,3,64,64] y) {
  raised = Exp(x)
  mean = GlobalAveragePool(raised)
  y = Relu(x)
}`);
const names = ['x', 'raised', 'mean', 'y'];
const random = seededRandom(7);
const data = datasetInMemory({
  name: 'noise',
  data: Float32Array.from({ length: 10 * 3 * 64 * 64 }, () => random.normal()),
  sampleDims: [3, 64, 64],
});

async function summariesOf(bins: boolean, batchSize?: number): Promise<Map<string, Summary>> {
  const seen = new Map<string, Summary>();
  const onBatch = (batch: Readonly<Record<string, Summary>>): void => {
    for (const [name, summary] of Object.entries(batch)) {
      const before = seen.get(name);
      seen.set(name, before ? mergeSummaries(before, summary) : summary);
    }
  };
  await streamSummaries(runtime, model, data, names, { bins, batchSize, onBatch });
  return seen;
}

describe('streamSummaries', () => {
  it('gives the extremes of all elements, of inputs as well', async () => {
    const expected = new Map<string, Summary>();
    await streamActivations(runtime, model, data, names, {}, (values) => {
      for (const name of names) {
        const { min, max } = summarize(values[name].data as Float32Array, false);
        // What cannot be negative has no smallest value taken, because every range covers zero.
        expected.set(name, { min: ['raised', 'mean', 'y'].includes(name) ? 0 : min, max });
      }
    });
    expect(await summariesOf(false)).toEqual(expected);
  });

  it('gives the same whatever the batches', async () => {
    expect(await summariesOf(true, 3)).toEqual(await summariesOf(true, 10));
  });

  it('makes histograms of all elements where there are few, and of a fair share of many', async () => {
    const seen = await summariesOf(true);
    const countOf = (name: string): number =>
      seen.get(name)!.histogram!.counts.reduce((sum, count) => sum + count);
    expect(countOf('mean')).toBe(30);
    expect(countOf('x')).toBe(10 * Math.ceil((3 * 64 * 64) / 5));
    const { exponent, first, counts } = seen.get('x')!.histogram!;
    const below = counts.reduce(
      (sum, count, i) => sum + (first + i + 1 <= 2 ** -exponent ? count : 0),
    );
    // The share of a normal distribution below 1.
    expect(below / countOf('x')).toBeCloseTo(0.841, 2);
  });

  it('names a value that the model does not make', async () => {
    const nothing = { bins: false, onBatch: () => undefined };
    await expect(streamSummaries(runtime, model, data, ['z'], nothing)).rejects.toThrow('"z"');
  });
});
