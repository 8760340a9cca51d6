/** Advice follows from the weights: what is dead goes, what is low rank is decomposed, what must stay stays. */

import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayerAdvice } from '#protocol/inspection';
import { weightedModel } from '../../../test/support/weighted-text';
import { analyzeChannels } from '../channels/analyze';
import { channelCosts } from '../channels/cost';
import type { Model } from '../ir/model';
import { dimsOf, floats, withElements } from '../ir/tensor';
import { readModelFile } from '../onnx/read';
import { decompose } from '../passes/decompose/decompose';
import type { PassContext } from '../passes/pass';
import { prune } from '../passes/prune/prune';
import { adviseLayers } from './advise';
import { errorGains } from './gains';
import { momentsThrough } from './gaussian';
import { channelMoments } from './moments';
import { PruningAdvisor } from './pruning';
import { readersOf } from './readers';

const models = '../shared/models';

/** conv1 (3 → 16, 3×3), ReLU, conv2 (16 → 16, 3×3), ReLU, mean, fc. */
const chain = () =>
  weightedModel(`(float[1,3,12,12] x) => (float[1,5] y)
    <float[16,3,3,3] conv1.weight, float[16] conv1.bias, float[16,16,3,3] conv2.weight, float[16] conv2.bias,
     float[5,16] fc.weight> {
      a = Conv <pads: ints = [1,1,1,1]> (x, conv1.weight, conv1.bias)
      b = Relu(a)
      c = Conv <pads: ints = [1,1,1,1]> (b, conv2.weight, conv2.bias)
      d = Relu(c)
      e = GlobalAveragePool(d)
      f = Flatten(e)
      y = Gemm <transB: int = 1> (f, fc.weight)
    }`);

/** The model with one weight made anew from what it was; `at` counts elements. */
function changed(model: Model, name: string, value: (at: number, old: number) => number): Model {
  const initializer = model.graph!.initializer.map((tensor) =>
    tensor.name === name
      ? withElements(
          tensor,
          dimsOf(tensor),
          floats(tensor).map((old, at) => value(at, old)),
        )
      : tensor,
  );
  return { ...model, graph: { ...model.graph!, initializer } };
}

function adviceFor(model: Model, layer: string, tolerance: number): LayerAdvice {
  const found = adviseLayers(model, { tolerance }).layers.find((each) => each.layer === layer);
  if (!found) throw new Error(`no advice for ${layer}`);
  return found;
}

const quiet: PassContext = {
  signal: new AbortController().signal,
  seed: 1,
  progress: () => undefined,
};

describe('advice', () => {
  it('is to prune what contributes nothing', () => {
    // Four of sixteen filters make nothing.
    const dead = changed(chain(), 'conv1.weight', (at, old) => (at < 4 * 27 ? 0 : old));
    const model = changed(dead, 'conv1.bias', (at, old) => (at < 4 ? 0 : old));
    expect(adviceFor(model, 'conv1', 0.01)).toMatchObject({ kind: 'prune', ratio: 0.25, error: 0 });
    expect(adviceFor(chain(), 'conv1', 0.01).kind).toBe('leave');
  });

  it('is to decompose a kernel of low rank, at that rank', () => {
    // W[n, c, k] = Σ u[n, p]·v[q, c]·core: rank 8 from the inputs, 4 to the outputs.
    const u = (n: number, p: number) => Math.sin((n + 1) * (p + 1) ** 2);
    const v = (c: number, q: number) => Math.cos((c + 2) * (q + 1) ** 2);
    const core = (p: number, q: number, k: number) => Math.sin((p + 1) * (q + 2) ** 2 * (k + 1));
    const model = changed(chain(), 'conv2.weight', (at) => {
      const [n, c, k] = [Math.floor(at / 144), Math.floor(at / 9) % 16, at % 9];
      let sum = 0;
      for (let p = 0; p < 4; p++)
        for (let q = 0; q < 8; q++) sum += u(n, p) * v(c, q) * core(p, q, k);
      return sum;
    });
    const advice = adviceFor(model, 'conv2', 0.001);
    expect(advice).toMatchObject({ kind: 'decompose', method: 'tucker2', ranks: [8, 4] });
  });

  it('is to leave what must stay and what does no work', () => {
    const { layers } = adviseLayers(chain(), { tolerance: 0.3 });
    expect(layers.find(({ layer }) => layer === 'fc')).toMatchObject({ kind: 'leave' });
    expect(layers.map(({ layer }) => layer)).toEqual(['conv2', 'conv1', 'fc']);
  });

  it('saves more where more error is allowed, and never predicts more error than that', () => {
    const model = chain();
    const order = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(order, ([a, b]) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((tolerance) => ({
          tolerance,
          layers: adviseLayers(model, { tolerance }).layers,
        }));
        const saved = (advice: LayerAdvice) => (advice.kind === 'leave' ? 0 : advice.macsSaved);
        less.layers.forEach((advice, i) => {
          expect(saved(advice)).toBeLessThanOrEqual(saved(more.layers[i]) + 1e-12);
          if (advice.kind !== 'leave') expect(advice.error).toBeLessThanOrEqual(less.tolerance);
        });
      }),
      { numRuns: 25 },
    );
  });

  it('saves what it says when it is followed', async () => {
    const model = chain();
    const whole = channelCosts(analyzeChannels(model));
    for (const advice of adviseLayers(model, { tolerance: 0.6 }).layers) {
      if (advice.kind === 'leave') continue;
      const { glob } = advice;
      const result =
        advice.kind === 'prune'
          ? await prune.run(
              model,
              prune.options.parse({ layers: { [glob]: { ratio: advice.ratio } } }),
              quiet,
            )
          : await decompose.run(
              model,
              decompose.options.parse({
                layers: { [glob]: { method: advice.method, ranks: [...advice.ranks] } },
              }),
              quiet,
            );
      expect(result.changed).toBe(true);
      const left = channelCosts(analyzeChannels(result.model));
      expect(1 - left.macs / whole.macs).toBeCloseTo(advice.macsSaved, 10);
      expect(1 - left.params / whole.params).toBeCloseTo(advice.paramsSaved, 10);
    }
  });

  it('gives up on models that are too large, and on time, with a word', () => {
    expect(adviseLayers(chain(), { mostWeightBytes: 100 })).toMatchObject({
      layers: [],
      note: expect.stringContaining('weights'),
    });
    const late = adviseLayers(chain(), { patience: -1 });
    expect(late).toMatchObject({ layers: [], note: expect.stringContaining('3 layers') });
  });

  it('takes whatever a model holds', () => {
    const strange = weightedModel(`(float[N,4] x) => (float[N,4] y, float[N,2] z)
      <float[4,4] a.weight, float[4,2] b.weight> {
        h = MatMul(x, a.weight)
        s = Sigmoid(h)
        m = Mul(h, s)
        y = com.microsoft.Unheard(m)
        z = MatMul(m, b.weight)
      }`);
    expect(adviseLayers(strange).layers).toHaveLength(2);
  });
});

describe('the units of a group', () => {
  it('cost more error the more of them go', () => {
    const analysis = analyzeChannels(chain());
    const moments = channelMoments(analysis);
    const advisor = new PruningAdvisor(
      analysis,
      channelCosts(analysis),
      moments,
      errorGains(analysis, moments),
    );
    const prunings = advisor.prunings(analysis.groupOf('conv1')!);
    expect(prunings.length).toBeGreaterThan(1);
    const errors = prunings.map(({ error }) => error);
    expect(errors).toEqual([...errors].sort((a, b) => a - b));
    // All of them would leave nothing.
    const [{ shares }] = readersOf(analysis.groupOf('conv1')!, analysis, moments);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  });
});

describe('moments', () => {
  it('through ReLU are those of the closed form', () => {
    const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.05, max: 2, noNaN: true }),
        (mean, spread) => {
          const z = mean / spread;
          const below = normalDistribution(z);
          const first = mean * below + spread * density(z);
          const second = (mean ** 2 + spread ** 2) * below + mean * spread * density(z);
          const found = momentsThrough((x) => Math.max(0, x), { mean, variance: spread ** 2 });
          expect(found.mean).toBeCloseTo(first, 2);
          expect(found.variance).toBeCloseTo(second - first ** 2, 2);
        },
      ),
    );
  });

  it('behind BatchNormalization are its shift and scale, before it its statistics', () => {
    const model = weightedModel(`(float[1,3,8,8] x) => (float[1,4,8,8] y)
      <float[4,3,1,1] w, float[4] scale, float[4] shift, float[4] mean, float[4] var> {
        a = Conv(x, w)
        y = BatchNormalization(a, scale, shift, mean, var)
      }`);
    const tensor = (name: string) =>
      Array.from(floats(model.graph!.initializer.find((each) => each.name === name)!));
    const moments = channelMoments(analyzeChannels(model));
    expect(Array.from(moments.get('a')!.variance)).toEqual(tensor('var'));
    expect(Array.from(moments.get('y')!.mean)).toEqual(tensor('shift'));
    const scales = Array.from(moments.get('y')!.variance, Math.sqrt);
    scales.forEach((scale, i) => expect(scale).toBeCloseTo(tensor('scale')[i], 3));
  });
});

describe('an error', () => {
  it('is handed on whole along a chain, and divided where branches meet', () => {
    const model = weightedModel(`(float[1,4,8,8] x) => (float[1,4,8,8] y)
      <float[4,4,3,3] a.weight, float[4,4,3,3] b.weight, float[4,4,3,3] c.weight> {
        a = Conv <pads: ints = [1,1,1,1]> (x, a.weight)
        b = Conv <pads: ints = [1,1,1,1]> (a, b.weight)
        s = Add(a, b)
        y = Conv <pads: ints = [1,1,1,1]> (s, c.weight)
      }`);
    const analysis = analyzeChannels(model);
    const gains = errorGains(analysis, channelMoments(analysis));
    expect(gains.get('y')).toBe(1);
    expect(gains.get('s')).toBe(1);
    // All of what reaches the sum comes from a, some of it through b.
    expect(gains.get('a')).toBeCloseTo(1);
    expect(gains.get('b')).toBeGreaterThan(0);
    expect(gains.get('b')).toBeLessThan(1);
  });
});

describe.skipIf(!existsSync(models))('advice for trained models (../shared)', () => {
  it('is given for every layer that works, the same each time', () => {
    const { model } = readModelFile(`${models}/mobilenetv1_0.25-vww96.onnx`);
    const advice = adviseLayers(model);
    expect(advice.layers).toHaveLength(28);
    expect(advice.note).toBeNull();
    expect(adviseLayers(model)).toEqual(advice);
  });
});

/** Φ, by Abramowitz & Stegun 7.1.26, to 1.5e-7. */
function normalDistribution(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - poly * Math.exp(-x * x);
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}
