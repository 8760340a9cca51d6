import { Matrix, SVD } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import type { Dataset } from '../data/dataset';
import type { NamedTensor, Runtime } from '../runtime/runtime';
import { startRuntime } from '../runtime/client';
import { inBatchesOf, measured, randomData, valuesOf } from './testing/observing';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** A trunk that two layers write to, a depthwise layer, branches that meet in a Concat, and dense layers. */
const model = weightedModel(`(float[N,3,6,5] x) => (float[N,2] y)
  <float[4,3,3,3] stem.weight, float[4] scale, float[4] shift, float[4] mean, float[4] var,
   float[6,4,1,1] widen.weight, float[6,1,3,3] depth.weight, float[6] depth.bias, float[4,6,1,1] back.weight,
   float[3,4,3,3] left.weight, float[5,4,1,1] right.weight,
   float[8,7] first.weight, float[7,2] last.weight>
  { s = Conv<pads = [1, 1, 1, 1]>(x, stem.weight)
    n = BatchNormalization(s, scale, shift, mean, var)  trunk = Relu(n)
    w = Conv(trunk, widen.weight)  sig = Sigmoid(w)  swish = Mul(w, sig)
    d = Conv<group = 6, pads = [1, 1, 1, 1]>(swish, depth.weight, depth.bias)  dr = Relu(d)
    b = Conv(dr, back.weight)  sum = Add(b, trunk)  joined = Relu(sum)
    l = Conv<pads = [1, 1, 1, 1]>(joined, left.weight)  r = Conv(joined, right.weight)
    c = Concat<axis = 1>(l, r)  cr = Relu(c)  g = GlobalAveragePool(cr)  f = Flatten(g)
    h = MatMul(f, first.weight)  hr = Relu(h)  y = MatMul(hr, last.weight) }`);

const data = randomData([3, 6, 5], 9);

/** The mean over samples of a function of each channel's map. */
function meanOver({ data: values, dims }: NamedTensor, of: (map: number[][]) => number): number[] {
  const [samples, channels, height = 1, width = 1] = dims;
  return Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let sample = 0; sample < samples; sample++) {
      const from = (sample * channels + channel) * height * width;
      sum += of(
        Array.from({ length: height }, (_row, y) =>
          Array.from(values.slice(from + y * width, from + (y + 1) * width) as Float32Array),
        ),
      );
    }
    return sum / samples;
  });
}

const mean = (map: number[][], of: (value: number) => number): number =>
  map.flat().reduce((sum, value) => sum + of(value), 0) / map.flat().length;
const singular = (map: number[][]): number[] =>
  new SVD(new Matrix(map), { autoTranspose: true }).diagonal;

const formulas: Record<string, (map: number[][]) => number> = {
  'nuclear-norm': (map) => singular(map).reduce((a, b) => a + b, 0),
  hrank: (map) => {
    const values = singular(map);
    return values.filter((value) => value > 1e-5 * Math.max(...values)).length;
  },
  'activation-magnitude': (map) => mean(map, Math.abs),
  apoz: (map) => mean(map, (value) => (value === 0 ? 0 : 1)),
};

describe.each(Object.entries(formulas))('%s', (id, formula) => {
  it('is its formula on the activated maps, averaged over images and over the layers of a group', async () => {
    const { scores } = await measured(id, model, data, runtime);
    const values = await valuesOf(
      model,
      data,
      ['trunk', 'joined', 'swish', 'dr', 'l', 'r', 'hr'],
      runtime,
    );
    const of = (name: string): number[] => meanOver(values[name], formula);
    const average = (a: string, b: string): number[] =>
      of(a).map((each, i) => (each + of(b)[i]) / 2);
    const expected: Record<string, number[]> = {
      stem: average('trunk', 'joined'),
      widen: average('swish', 'dr'),
      left: of('l'),
      right: of('r'),
      first: of('hr'),
    };
    expect(Object.keys(scores)).toEqual(Object.keys(expected));
    for (const [group, each] of Object.entries(expected)) {
      each.forEach((value, unit) => expect(scores[group][unit]).toBeCloseTo(value, 4));
    }
  });

  it('does not depend on how the images come in batches', async () => {
    const whole = await measured(id, model, data, runtime);
    const parts = await measured(id, model, inBatchesOf(data, 2), runtime);
    for (const [group, each] of Object.entries(whole.scores)) {
      each.forEach((value, unit) => expect(parts.scores[group][unit]).toBeCloseTo(value, 5));
    }
    expect((await measured(id, model, data, runtime)).scores).toEqual(whole.scores);
  });
});

describe('where layers of a group are seen', () => {
  it('takes the last layer alone under the policy backward', async () => {
    const { scores } = await measured('activation-magnitude', model, data, runtime, {
      policy: 'backward',
    });
    const { joined, dr } = await valuesOf(model, data, ['joined', 'dr'], runtime);
    const expected = { stem: joined, widen: dr };
    for (const [group, tensor] of Object.entries(expected)) {
      meanOver(tensor, formulas['activation-magnitude']).forEach((value, unit) =>
        expect(scores[group][unit]).toBeCloseTo(value, 5),
      );
    }
  });

  it('counts positions of tokens as the height of a map, wherever the channels lie', async () => {
    const tokens = weightedModel(`(float[N,5,3] x) => (float[N,5,2] y)
      <float[3,4] a.weight, float[4] a.bias, float[4,2] b.weight>
      { h = MatMul(x, a.weight)  s = Add(h, a.bias)  r = Relu(s)  y = MatMul(r, b.weight) }`);
    const samples = randomData([5, 3], 6);
    const { scores } = await measured('nuclear-norm', tokens, samples, runtime);
    const { r } = await valuesOf(tokens, samples, ['r'], runtime);
    const expected = Array.from({ length: 4 }, (_, channel) => {
      let sum = 0;
      for (let sample = 0; sample < 6; sample++) {
        const column = Array.from({ length: 5 }, (_t, t) =>
          Number(r.data[(sample * 5 + t) * 4 + channel]),
        );
        sum += Math.hypot(...column) / 6;
      }
      return sum;
    });
    scores.a.forEach((value, unit) => expect(value).toBeCloseTo(expected[unit], 5));
  });
});

describe('nuclear-norm-joint', () => {
  /** Singular values of the matrix with a column for each sample. */
  function joint({ data: values, dims }: NamedTensor): number[] {
    const [samples, channels, ...plane] = dims;
    const positions = plane.reduce((a, b) => a * b, 1);
    return Array.from({ length: channels }, (_, channel) => {
      const columns = Array.from({ length: samples }, (_s, sample) => {
        const from = (sample * channels + channel) * positions;
        return Array.from(values.slice(from, from + positions) as Float32Array);
      });
      return singular(columns).reduce((a, b) => a + b, 0);
    });
  }

  // Maps have 30 positions, or one behind the pooling: the Gram matrix is that of images or of positions.
  it.each([9, 40])('is that of all maps side by side, with %i images', async (images) => {
    const samples = randomData([3, 6, 5], images);
    const whole = await measured('nuclear-norm-joint', model, samples, runtime);
    const parts = await measured('nuclear-norm-joint', model, inBatchesOf(samples, 7), runtime);
    const values = await valuesOf(model, samples, ['trunk', 'joined', 'r', 'hr'], runtime);
    const [trunk, joined, r, hr] = ['trunk', 'joined', 'r', 'hr'].map((name) =>
      joint(values[name]),
    );
    const expected = { stem: trunk.map((each, i) => (each + joined[i]) / 2), right: r, first: hr };
    for (const [group, each] of Object.entries(expected)) {
      each.forEach((value, unit) => {
        expect(whole.scores[group][unit]).toBeCloseTo(value, 3);
        expect(parts.scores[group][unit]).toBeCloseTo(value, 3);
      });
    }
  });
});

describe('memory', () => {
  it('does not grow with the number of images', async () => {
    const wide = weightedModel(`(float[N,1,64,64] x) => (float[N,1,64,64] y)
      <float[32,1,1,1] a.weight, float[1,32,1,1] b.weight> { h = Conv(x, a.weight)  r = Relu(h)  y = Conv(r, b.weight) }`);
    const few = randomData([1, 64, 64], 64);
    // 640 images have 320 MB of feature maps; each batch is made anew.
    let peak = 0;
    const many: Dataset = {
      ...few,
      samples: 640,
      sample: () => many,
      async *batches(_size, signal) {
        for (let i = 0; i < 10; i++) {
          yield* few.batches(64, signal);
          peak = Math.max(peak, process.memoryUsage().arrayBuffers);
        }
      },
    };
    const before = process.memoryUsage().arrayBuffers;
    const { scores } = await measured('apoz', wide, many, runtime);
    expect(scores.a).toHaveLength(32);
    expect(peak - before).toBeLessThan(200e6);
  });
});
