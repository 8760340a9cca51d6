import { Matrix, solve } from 'ml-matrix';
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

/** Two 1×1 layers read what the first makes through a depthwise one; a residual Add takes one of them. */
const model = weightedModel(`(float[N,5,4,4] x) => (float[N,2] y)
  <float[6,5,1,1] first.weight, float[6,1,3,3] depth.weight, float[5,6,1,1] second.weight,
   float[5] scale, float[5] shift, float[5] mean, float[5] var, float[3,6,1,1] side.weight,
   float[8,2] last.weight>
  { f = Conv(x, first.weight)  fr = Relu(f)
    d = Conv<group = 6, pads = [1, 1, 1, 1]>(fr, depth.weight)  dr = Relu(d)
    s = Conv(dr, second.weight)  n = BatchNormalization(s, scale, shift, mean, var)  j = Add(n, x)
    t = Conv(dr, side.weight)  c = Concat<axis = 1>(j, t)
    g = GlobalAveragePool(c)  h = Flatten(g)  y = MatMul(h, last.weight) }`);
const data = randomData([5, 4, 4], 60);

/** Covariance and rows of a value [samples, channels, height, width]. */
function moments(values: ArrayLike<number>, channels: number, plane: number): Matrix {
  const samples = values.length / channels / plane;
  const rows = Array.from({ length: samples * plane }, (_, row) =>
    Array.from(
      { length: channels },
      (_c, channel) =>
        values[(Math.floor(row / plane) * channels + channel) * plane + (row % plane)],
    ),
  );
  const x = new Matrix(rows).center('column');
  return x.transpose().mmul(x).div(rows.length);
}

/** The scores by refitting with ml-matrix after every unit that goes. */
function expectedScores(
  covariance: Matrix,
  readers: readonly Matrix[],
  variances: readonly number[],
): number[] {
  const size = covariance.rows;
  const ridged = covariance.clone();
  const ridge = 1e-3 + size / (60 * 16);
  for (let i = 0; i < size; i++)
    ridged.set(i, i, ridged.get(i, i) + (ridge * covariance.trace()) / size);
  const errorWithout = (gone: readonly number[]): number => {
    const rest = [...Array(size).keys()].filter((i) => !gone.includes(i));
    return readers.reduce((sum, weights, r) => {
      const whole = weights.mmul(ridged).mmul(weights.transpose()).trace();
      if (rest.length === 0) return sum + whole / variances[r];
      const cross = weights.mmul(ridged.selection([...Array(size).keys()], rest));
      return (
        sum +
        (whole - cross.mmul(solve(ridged.selection(rest, rest), cross.transpose())).trace()) /
          variances[r]
      );
    }, 0);
  };
  const scores = new Array<number>(size).fill(0);
  const gone: number[] = [];
  let [error, last] = [0, 0];
  while (gone.length < size) {
    const candidates = [...Array(size).keys()].filter((i) => !gone.includes(i));
    const errors = candidates.map((i) => errorWithout([...gone, i]));
    const at = errors.indexOf(Math.min(...errors));
    last = Math.max(last, errors[at] - error);
    error = errors[at];
    scores[candidates[at]] = last;
    gone.push(candidates[at]);
  }
  return scores;
}

describe('contribution', () => {
  it('is what the readers lose when the other channels take over, relative to where their outputs arrive', async () => {
    const { scores } = await measured('contribution', model, data, runtime, { policy: 'sum' });
    const values = await valuesOf(model, data, ['dr', 'j', 't'], runtime);
    const weights = (name: string): number[] =>
      Array.from(floats(model.graph!.initializer.find((each) => each.name === name)!));
    const variance = (name: string, channels: number): number =>
      moments(values[name].data as Float32Array, channels, 16).trace();
    const scale = weights('scale').map((each, i) => each / Math.sqrt(weights('var')[i] + 1e-5));
    const second = Matrix.from1DArray(5, 6, weights('second.weight'));
    const expected = expectedScores(
      moments(values.dr.data as Float32Array, 6, 16),
      [Matrix.diag(scale).mmul(second), Matrix.from1DArray(3, 6, weights('side.weight'))],
      [variance('j', 5), variance('t', 3)],
    );
    expect(Object.keys(scores)).toEqual(['first', 'side']);
    expected.forEach((value, unit) => expect(scores.first[unit] / value).toBeCloseTo(1, 3));
  });

  it('lets one of two equal channels go for next to nothing, and the other one not', async () => {
    const twins = weightedModel(`(float[N,3,4,4] x) => (float[N,2,4,4] y)
      <float[4,3,1,1] a.weight, float[2,4,3,3] b.weight> { h = Conv(x, a.weight)  r = Relu(h)  y = Conv(r, b.weight) }`);
    const [weight] = twins.graph!.initializer;
    const values = floats(weight).slice().copyWithin(3, 0, 3);
    twins.graph!.initializer[0] = withElements(weight, dimsOf(weight), values);
    const { scores } = await measured('contribution', twins, randomData([3, 4, 4], 400), runtime);
    const [cheap, dear] = [scores.a[0], scores.a[1]].sort((x, y) => x - y);
    expect(cheap).toBe(Math.min(...scores.a));
    expect(cheap).toBeLessThan(0.1 * dear);
  });

  it('does not depend on how the images come in batches, and repeats', async () => {
    const whole = await measured('contribution', model, data, runtime);
    const parts = await measured('contribution', model, inBatchesOf(data, 7), runtime);
    for (const [group, each] of Object.entries(whole.scores)) {
      each.forEach((value, unit) => expect(parts.scores[group][unit] / value).toBeCloseTo(1, 4));
    }
    expect((await measured('contribution', model, data, runtime)).scores).toEqual(whole.scores);
  });

  it('is refused where no layer reads the channels linearly', async () => {
    const upsampling = weightedModel(`(float[N,3,4,4] x) => (float[N,2,5,5] y)
      <float[4,3,1,1] a.weight, float[4,2,2,2] b.weight> { h = Conv(x, a.weight)  y = ConvTranspose(h, b.weight) }`);
    const { refused } = await measured(
      'contribution',
      upsampling,
      randomData([3, 4, 4], 4),
      runtime,
    );
    expect(refused.a).toMatch(/No Conv, Gemm or MatMul/);
  });
});
