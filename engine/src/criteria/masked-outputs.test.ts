import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import { dimsOf, floats, withElements } from '../ir/tensor';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { inBatchesOf, measured, randomData, valuesOf } from './testing/observing';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** A trunk with a residual Add and a dense head; the trunk is read at two places. */
const graph = `(float[N,2,4,4] x) => (float[N,3] y)
  <float[4,2,1,1] stem.weight, float[5,4,1,1] in.weight, float[4,5,1,1] out.weight, float[4,3] last.weight, float[3] last.bias>
  { s = Conv(x, stem.weight)  r = Relu(s)  i = Conv(r, in.weight)  ir = Relu(i)
    o = Conv(ir, out.weight)  a = Add(o, r)  t = Relu(a)  g = GlobalAveragePool(t)  f = Flatten(g)
    y = Gemm(f, last.weight, last.bias) }`;
const model = weightedModel(graph);
const data = randomData([2, 4, 4], 24, 3);

/** The outputs when channel `unit` of the inner layer gives its mean, by editing the weights. */
async function ablated(unit: number): Promise<number[]> {
  const { ir } = await valuesOf(model, data, ['ir'], runtime);
  const values = ir.data as Float32Array;
  let mean = 0;
  for (let n = 0; n < 24; n++) {
    for (let p = 0; p < 16; p++) mean += values[(n * 5 + unit) * 16 + p] / (24 * 16);
  }
  const held = weightedModel(
    graph
      .replace('<float', '<float[4] out.bias, float')
      .replace('Conv(ir, out.weight)', 'Conv(ir, out.weight, out.bias)'),
  );
  // Adding an input has changed the order in which weights are drawn: take the original's.
  const initializers = held.graph!.initializer;
  const weight = model.graph!.initializer.find(({ name }) => name === 'out.weight')!;
  const kept = floats(weight).slice();
  const bias = new Float32Array(4);
  for (let o = 0; o < 4; o++) {
    bias[o] = kept[o * 5 + unit] * mean;
    kept[o * 5 + unit] = 0;
  }
  held.graph!.initializer = initializers.map((each) => {
    if (each.name === 'out.bias') return withElements(each, [4], bias);
    if (each.name === 'out.weight') return withElements(weight, dimsOf(weight), kept);
    return model.graph!.initializer.find(({ name }) => name === each.name)!;
  });
  const { y } = await valuesOf(held, data, ['y'], runtime);
  return Array.from(y.data as Float32Array);
}

const crossEntropy = (rows: readonly number[], labels: Int32Array): number =>
  [...labels].reduce((sum, label, n) => {
    const row = rows.slice(3 * n, 3 * n + 3);
    return sum - row[label] + Math.log(row.reduce((all, each) => all + Math.exp(each), 0));
  }, 0) / labels.length;

async function labels(): Promise<Int32Array> {
  for await (const batch of data.batches(24)) return batch.labels!;
  return new Int32Array();
}

describe('masking', () => {
  it('gives the change of the output of a model in which the channel is constant', async () => {
    const { scores } = await measured('output-change', model, data, runtime);
    const { y } = await valuesOf(model, data, ['y'], runtime);
    const original = Array.from(y.data as Float32Array);
    const mean = [0, 1, 2].map((k) =>
      original.reduce((sum, each, i) => sum + (i % 3 === k ? each / 24 : 0), 0),
    );
    const variance = original.reduce((sum, each, i) => sum + (each - mean[i % 3]) ** 2, 0);
    expect(Object.keys(scores)).toEqual(['stem', 'in']);
    for (let unit = 0; unit < 5; unit++) {
      const changed = await ablated(unit);
      const square = changed.reduce((sum, each, i) => sum + (each - original[i]) ** 2, 0);
      expect(scores.in[unit]).toBeCloseTo(square / variance, 4);
    }
  });

  it('gives the rise of the cross-entropy, which may be negative', async () => {
    const { scores } = await measured('loss-change', model, data, runtime);
    const { y } = await valuesOf(model, data, ['y'], runtime);
    const truth = await labels();
    const before = crossEntropy(Array.from(y.data as Float32Array), truth);
    for (let unit = 0; unit < 5; unit++) {
      expect(scores.in[unit]).toBeCloseTo(crossEntropy(await ablated(unit), truth) - before, 4);
    }
    expect(Math.min(...scores.stem, ...scores.in)).toBeLessThan(0);
  });

  it.each(['output-change', 'loss-change'])('repeats, in whatever batches: %s', async (id) => {
    const whole = await measured(id, model, data, runtime);
    expect((await measured(id, model, data, runtime)).scores).toEqual(whole.scores);
    const parts = await measured(id, model, inBatchesOf(data, 5), runtime);
    for (const [group, each] of Object.entries(whole.scores)) {
      each.forEach((value, unit) => expect(parts.scores[group][unit]).toBeCloseTo(value, 4));
    }
  });

  it('takes a batch of fixed size', async () => {
    const fixed = weightedModel(graph.replaceAll('[N,', '[5,'));
    const whole = await measured('output-change', model, data.sample(20, 1), runtime);
    const { scores } = await measured('output-change', fixed, data.sample(20, 1), runtime);
    scores.in.forEach((value, unit) => expect(value).toBeCloseTo(whole.scores.in[unit], 4));
  });
});

describe('labels', () => {
  it('are asked for by name where there are none', async () => {
    const unlabelled = { ...data, labelled: false };
    await expect(measured('loss-change', model, unlabelled, runtime)).rejects.toThrow(/labels/);
  });

  it('may leave out a background class, and are refused where they are not classes', async () => {
    const shifted = weightedModel(graph);
    const two = randomData([2, 4, 4], 12, 2);
    await expect(measured('loss-change', shifted, two, runtime)).resolves.toBeDefined();
    await expect(
      measured('loss-change', shifted, randomData([2, 4, 4], 30, 9), runtime),
    ).rejects.toThrow(/output-change/);
  });
});
