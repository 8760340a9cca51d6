import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import { datasetInMemory } from '../data/memory-data';
import { floats, makeTensor } from '../ir/tensor';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { blockOf } from '../train/blocked/probe';
import { probedRuntime } from '../train/testing/probed-runtime';
import { inBatchesOf, measured, randomData } from './testing/observing';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** A trunk with a residual Add and a dense head: the trunk is read at two places. */
const graph = `(float[N,2,2,2] x) => (float[N,3] y)
  <float[4,2,1,1] stem.weight, float[5,4,1,1] in.weight, float[4,5,1,1] out.weight, float[4,3] last.weight, float[3] last.bias>
  { s = Conv(x, stem.weight)  r = Relu(s)  i = Conv(r, in.weight)  ir = Relu(i)
    o = Conv(ir, out.weight)  a = Add(o, r)  t = Relu(a)  g = GlobalAveragePool(t)  f = Flatten(g)
    y = Gemm(f, last.weight, last.bias) }`;
const model = weightedModel(graph);
const samples = 20;
const data = randomData([2, 2, 2], samples, 3);

interface Batch {
  readonly values: Float64Array;
  readonly labels: Int32Array;
}

async function whole(): Promise<Batch> {
  for await (const batch of data.batches(samples)) {
    return { values: Float64Array.from(batch.data as Float32Array), labels: batch.labels! };
  }
  throw new Error('no data');
}

type Weights = Record<string, Float64Array>;

const weights: Weights = Object.fromEntries(
  model.graph!.initializer.map((tensor) => [tensor.name!, Float64Array.from(floats(tensor))]),
);

/** Channels × 4 positions through a 1 × 1 convolution; in double precision, from the definition. */
function convolved(x: readonly number[], weight: Float64Array, inputs: number): number[] {
  const outputs = weight.length / inputs;
  return Array.from({ length: outputs * 4 }, (_, at) => {
    const [o, p] = [Math.floor(at / 4), at % 4];
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[i * 4 + p];
    return sum;
  });
}

const relu = (values: readonly number[]): number[] => values.map((each) => Math.max(0, each));

/** Logarithms of the shares; what is read of the trunk and of the inner layer is multiplied. */
function logShares(x: readonly number[], w: Weights, trunk: number[], inner: number[]): number[] {
  const gated = (values: number[], gates: number[]) =>
    values.map((each, at) => each * gates[Math.floor(at / 4)]);
  const r = relu(convolved(x, w['stem.weight'], 2));
  const ir = relu(convolved(gated(r, trunk), w['in.weight'], 4));
  const o = convolved(gated(ir, inner), w['out.weight'], 5);
  const t = gated(relu(o.map((each, at) => each + r[at])), trunk);
  const pooled = [0, 1, 2, 3].map((c) => (t[4 * c] + t[4 * c + 1] + t[4 * c + 2] + t[4 * c + 3]) / 4); // prettier-ignore
  const y = [0, 1, 2].map((k) =>
    pooled.reduce((sum, each, c) => sum + each * w['last.weight'][3 * c + k], w['last.bias'][k]),
  );
  const total = Math.log(y.reduce((sum, each) => sum + Math.exp(each), 0));
  return y.map((each) => each - total);
}

const ones = (count: number): number[] => new Array<number>(count).fill(1);
const step = 1e-5;

/** The slope of each image's loss when a number is moved by ±step, by the class that is looked at. */
function slope(label: number, moved: (by: number) => number[]): number {
  return (moved(-step)[label] - moved(step)[label]) / (2 * step);
}

function gateSlope(x: readonly number[], label: number, group: string, unit: number): number {
  return slope(label, (by) => {
    const [trunk, inner] = [ones(4), ones(5)];
    (group === 'stem' ? trunk : inner)[unit] += by;
    return logShares(x, weights, trunk, inner);
  });
}

function weightSlope(x: readonly number[], label: number, name: string, at: number): number {
  return slope(label, (by) => {
    const changed = weights[name].slice();
    changed[at] += by;
    return logShares(x, { ...weights, [name]: changed }, ones(4), ones(5));
  });
}

const inputs: Record<string, number> = { 'stem.weight': 2, 'in.weight': 4, 'out.weight': 5 };

/** The mean over images of some function of the slopes of a filter's weights. */
function overFilter(
  { values, labels }: Batch,
  name: string,
  filter: number,
  score: (slopes: readonly number[], filter: readonly number[]) => number,
): number {
  const size = inputs[name];
  const own = Array.from({ length: size }, (_, i) => filter * size + i);
  let sum = 0;
  labels.forEach((label, n) => {
    const x = [...values.subarray(8 * n, 8 * n + 8)];
    const slopes = own.map((at) => weightSlope(x, label, name, at));
    sum += score(slopes, [...weights[name].subarray(own[0], own[0] + size)]);
  });
  return sum / labels.length;
}

const products = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, each, i) => sum + each * b[i], 0);

function agrees(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThan(2e-4 * Math.max(1e-3, Math.abs(expected)));
}

describe('criteria of gradients against a network in double precision', () => {
  it('taylor is the mean square of the slope of each image’s loss by the unit’s gates', async () => {
    const { scores } = await measured('taylor', model, data, runtime);
    const { values, labels } = await whole();
    for (const group of ['stem', 'in']) {
      scores[group].forEach((score, unit) => {
        const squares = Array.from(labels, (label, n) => {
          return gateSlope([...values.subarray(8 * n, 8 * n + 8)], label, group, unit) ** 2;
        });
        agrees(score, squares.reduce((a, b) => a + b, 0) / samples);
      });
    }
  });

  it('taylor-weights is the mean square of Σ w·g of the filter', async () => {
    const { scores } = await measured('taylor-weights', model, data, runtime, { policy: 'sum' });
    const all = await whole();
    const score = (slopes: readonly number[], filter: readonly number[]) =>
      products(slopes, filter) ** 2;
    scores.in.forEach((each, unit) => agrees(each, overFilter(all, 'in.weight', unit, score)));
    scores.stem.forEach((each, unit) => {
      const [a, b] = ['stem.weight', 'out.weight'].map((name) => overFilter(all, name, unit, score)); // prettier-ignore
      agrees(each, a + b);
    });
  });

  it('obd is half of Σ w²·g² of the filter, the mean over images', async () => {
    const { scores } = await measured('obd', model, data, runtime);
    const all = await whole();
    const square = (each: number) => each ** 2;
    const score = (slopes: readonly number[], filter: readonly number[]) =>
      products(slopes.map(square), filter.map(square)) / 2;
    scores.in.forEach((each, unit) => agrees(each, overFilter(all, 'in.weight', unit, score)));
  });
});

describe.each(['taylor', 'taylor-weights', 'obd'])('%s', (id) => {
  it('repeats, in whatever batches', async () => {
    const { scores } = await measured(id, model, data, runtime);
    expect((await measured(id, model, data, runtime)).scores).toEqual(scores);
    const parts = await measured(id, model, inBatchesOf(data, 7), runtime);
    for (const [group, each] of Object.entries(scores)) {
      each.forEach((value, unit) => agrees(parts.scores[group][unit], value));
    }
  });

  it('draws classes from the model’s own output where there are no labels', async () => {
    const unlabelled = { ...data, labelled: false };
    const options = { seed: 5 };
    const { scores } = await measured(id, model, unlabelled, runtime, options);
    expect((await measured(id, model, unlabelled, runtime, options)).scores).toEqual(scores);
    const others = await measured(id, model, unlabelled, runtime, { seed: 6 });
    expect(others.scores).not.toEqual(scores);
    for (const each of Object.values(scores)) expect(Math.max(...each)).toBeGreaterThan(0);
  });

  it('softens what a network says whose shares are ones and zeros', async () => {
    const initializer = model.graph!.initializer.map((tensor) => {
      const isLast = tensor.name!.startsWith('last.');
      const scores = floats(tensor).map((each) => each * 1e5);
      return isLast ? makeTensor(tensor.name!, 'float', tensor.dims.map(Number), scores) : tensor;
    });
    const certain = { ...model, graph: { ...model.graph!, initializer } };
    const { scores } = await measured(id, certain, { ...data, labelled: false }, runtime);
    for (const each of Object.values(scores)) {
      expect(Math.max(...each)).toBeGreaterThan(Math.min(...each));
    }
  });

  it('says what stands in the way', async () => {
    const pooled = weightedModel(graph.replace('float[N,3] y', 'float[N,4,1,1] g'));
    await expect(measured(id, pooled, data, runtime)).rejects.toThrow(/no vector of scores/);
    const hard = weightedModel(graph.replace('Flatten(g)', 'Flatten(h)').replace('f =', 'h = Hardmax(g)  f =')); // prettier-ignore
    await expect(measured(id, hard, data, runtime)).rejects.toThrow(/Hardmax.*contribution/s);
  });
});

it('without labels, the gates’ scores are the curvature of the divergence of the output', async () => {
  const { values } = await whole();
  // Many draws for each image come near the expectation over the model's own shares.
  const often = datasetInMemory({
    name: 'each sample often',
    data: Float32Array.from({ length: 100 * values.length }, (_, i) => values[i % values.length]),
    sampleDims: [2, 2, 2],
  });
  const { scores } = await measured('taylor', model, often, runtime);
  const far = 1e-3;
  const expected = scores.in.map((_, unit) => {
    let sum = 0;
    for (let n = 0; n < samples; n++) {
      const x = [...values.subarray(8 * n, 8 * n + 8)];
      const before = logShares(x, weights, ones(4), ones(5));
      const after = logShares(x, weights, ones(4), ones(5).map((each, i) => each - (i === unit ? far : 0))); // prettier-ignore
      const divergence = before.reduce((all, each, k) => all + Math.exp(each) * (each - after[k]), 0); // prettier-ignore
      sum += (2 * divergence) / far ** 2 / samples;
    }
    return sum;
  });
  const [most, least] = [Math.max(...expected), Math.min(...expected)];
  expect(most).toBeGreaterThan(2 * least);
  scores.in.forEach((score, unit) => {
    expect(Math.abs(score - expected[unit])).toBeLessThan(0.1 * most);
  });
});

describe('criteria of gradients on blocked values', () => {
  const wide = weightedModel(`(float[N,16,6,6] x) => (float[N,3] y)
    <float[32,16,3,3] stem.weight, float[32] n.scale, float[32] n.shift, float[32] n.mean, float[32] n.var,
     float[32,1,3,3] depth.weight, float[32,32,3,3] out.weight, float[3,32] last.weight> {
      s = Conv<pads: ints = [1, 1, 1, 1]>(x, stem.weight)
      b = BatchNormalization(s, n.scale, n.shift, n.mean, n.var)  r = Relu(b)
      d = Conv<pads: ints = [1, 1, 1, 1], group: int = 32>(r, depth.weight)  dr = Relu(d)
      o = Conv<pads: ints = [1, 1, 1, 1], strides: ints = [2, 2]>(dr, out.weight)  t = Relu(o)
      g = GlobalAveragePool(t)  f = Flatten(g)
      y = Gemm<transB: int = 1>(f, last.weight) }`);
  const { initializer } = wide.graph!;
  const at = initializer.findIndex(({ name }) => name === 'n.var');
  initializer[at] = makeTensor('n.var', 'float', [32], new Float32Array(32).fill(0.8));
  const few = randomData([16, 6, 6], 24, 3);

  it.each(['taylor', 'taylor-weights', 'obd'])('%s gives the same scores', async (id) => {
    const blocked = probedRuntime(runtime);
    const plain = probedRuntime(runtime, undefined, (values) => values.fill(NaN));
    const actual = await measured(id, wide, few, blocked.runtime);
    const expected = await measured(id, wide, few, plain.runtime);
    expect(plain.blockedGraphs()).toBe(0);
    expect(blocked.blockedGraphs() > 0).toBe((await blockOf(runtime)) !== undefined);
    for (const [group, scores] of Object.entries(expected.scores)) {
      const largest = Math.max(...scores);
      expect(largest).toBeGreaterThan(0);
      scores.forEach((score, unit) =>
        expect(Math.abs(actual.scores[group][unit] - score)).toBeLessThan(1e-4 * largest),
      );
    }
  });
});
