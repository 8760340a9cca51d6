import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetInMemory } from '../data/memory-data';
import { openDataset } from '../data/open';
import { readModelFile } from '../onnx/read';
import { parseModel } from '../onnx/text/parse';
import { streamActivations, type Activations } from './activations';
import { startRuntime } from './client';
import { exposeOutputs } from './expose-outputs';
import type { Runtime } from './runtime';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
g (float[N,4] x) => (float[N,4] y) {
  doubled = Add(x, x)
  wide = Concat<axis = 1>(doubled, doubled, doubled, doubled)
  shape = Shape(x)
  y = Relu(doubled)
}`);
const data = datasetInMemory({
  name: 'ramp',
  data: Float32Array.from({ length: 40 }, (_, i) => i - 20),
  sampleDims: [4],
});

/** Everything that is handed over, by name, in order. */
async function collect(
  names: readonly string[],
  options: Parameters<typeof streamActivations>[4],
): Promise<{ values: Record<string, number[]>; calls: Activations[] }> {
  const values: Record<string, number[]> = {};
  const calls: Activations[] = [];
  await streamActivations(runtime, model, data, names, options, (activations) => {
    calls.push(activations);
    for (const [name, tensor] of Object.entries(activations)) {
      (values[name] ??= []).push(...Array.from(tensor.data as ArrayLike<number>, Number));
    }
  });
  return { values, calls };
}

describe('streamActivations', () => {
  const x = Array.from({ length: 40 }, (_, i) => i - 20);
  const doubled = x.map((value) => 2 * value);

  it.each([
    ['one batch', {}, 1],
    ['small batches', { batchSize: 3 }, 4],
    ['values that do not fit together', { batchSize: 5, budget: 5 * 64 }, 2 * 3],
    ['a value that only fits alone', { batchSize: 10, budget: 2 * 64 }, 5 * 3],
  ])('gives every sample once: %s', async (_, options, calls) => {
    const names = ['x', 'doubled', 'wide', 'y'];
    const result = await collect(names, options);
    expect(Object.keys(result.values).sort()).toEqual([...names].sort());
    expect(result.values.x).toEqual(x);
    expect(result.values.doubled).toEqual(doubled);
    expect(result.values.y).toEqual(doubled.map((value) => Math.max(value, 0)));
    expect(result.values.wide).toHaveLength(160);
    expect(result.calls).toHaveLength(calls);
  });

  it('hands over no more than the budget at once', async () => {
    const budget = 3 * 64;
    const { calls } = await collect(['doubled', 'wide', 'y'], { budget });
    for (const activations of calls) {
      const bytes = Object.values(activations).map((tensor) => tensor.data.byteLength);
      expect(bytes.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(budget);
    }
  });

  it('leaves values alone whose first dimension does not count samples', async () => {
    const { calls } = await collect(['shape'], { batchSize: 4 });
    expect(calls.map((call) => Array.from(call.shape.data as BigInt64Array, Number))).toEqual([
      [4, 4],
      [4, 4],
      [2, 4],
    ]);
  });

  it('reports progress and stops when told to', async () => {
    const controller = new AbortController();
    const done: number[] = [];
    const streaming = collect(['y'], {
      batchSize: 2,
      signal: controller.signal,
      progress: (samples) => {
        done.push(samples);
        if (samples === 4) controller.abort(new Error('enough'));
      },
    });
    await expect(streaming).rejects.toThrow('enough');
    expect(done).toEqual([2, 4]);
  });

  it('names values that cannot be observed', () => {
    expect(() => exposeOutputs(model, ['nothing'])).toThrow('makes the value "nothing"');
    expect(exposeOutputs(model, ['y', 'doubled', 'doubled']).graph?.output).toHaveLength(2);
    expect(model.graph?.output).toHaveLength(1);
  });

  const shared = resolve('../shared');
  it.skipIf(!existsSync(shared)).each(['resnet20-cifar10-bn', 'mnist-cntk'])(
    'observes every value of %s, fixed batch or not (needs ../shared)',
    async (name) => {
      const real = readModelFile(`${shared}/models/${name}.onnx`).model;
      const file = name.startsWith('mnist') ? 'mnist-test3000' : 'cifar10-test1017-lossless';
      const images = await openDataset(`${shared}/data/${file}.npz`, { limit: 5 });
      const names = real.graph!.node.flatMap((node) => node.output);
      const seen = new Map<string, number>();
      await streamActivations(
        runtime,
        real,
        images,
        names,
        { batchSize: 2 },
        (activations, batch) => {
          for (const [value, tensor] of Object.entries(activations)) {
            const samples = tensor.dims[0] === batch.dims[0] ? tensor.dims[0] : 0;
            seen.set(value, (seen.get(value) ?? 0) + samples);
          }
        },
      );
      expect([...seen.keys()].sort()).toEqual([...names].sort());
      const covered = [...seen.values()].filter((samples) => samples === 5);
      expect(covered.length).toBeGreaterThan(names.length / 2);
    },
  );
});
