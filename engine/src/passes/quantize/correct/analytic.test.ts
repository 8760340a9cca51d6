import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../../test/support/weighted-text';
import { datasetInMemory } from '../../../data/memory-data';
import type { Model } from '../../../ir/model';
import { dimsOf, floats, withElements } from '../../../ir/tensor';
import { seededRandom } from '../../../linalg/random';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import { draft } from '../draft';
import { quantizeOptions } from '../options';
import { prepare } from '../prepare';
import { correctAnalytically, expectedValues } from './analytic';
import { corrections } from './stage';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

describe('the mean of a normal value within bounds', () => {
  it.each([
    [0.3, 1.2, 0, Infinity],
    [-2, 0.5, 0, Infinity],
    [1, 3, 0, 6],
    [4, 2, -1, 5],
    [0.7, 1, -Infinity, Infinity],
    [0.7, 0, 1, 2],
  ])(
    'is that of samples: mean %d, deviation %d, from %d to %d',
    (mean, deviation, lower, upper) => {
      // Quantiles in place of random samples: the midpoint rule over ±9 deviations.
      const steps = 20_000;
      let sum = 0;
      let total = 0;
      for (let i = 0; i < steps; i++) {
        const z = -9 + (18 * (i + 0.5)) / steps;
        const density = Math.exp((-z * z) / 2);
        sum += density * Math.min(Math.max(mean + deviation * z, lower), upper);
        total += density;
      }
      const moments = { mean: Float64Array.of(mean), deviation: Float64Array.of(deviation) };
      expect(expectedValues(moments, { lower, upper })[0]).toBeCloseTo(sum / total, 5);
    },
  );
});

/** What the normalization says of the channels is true: the input is standard normal. */
function normalizedModel(between: string): Model {
  const model = weightedModel(`(float[N,3,5,5] x) => (float[N,6,5,5] y)
    <float[4,3,1,1] u, float[4] gamma, float[4] beta, float[4] mean, float[4] var,
     float[6,4,1,1] w, float[6] b> {
      h = Conv(x, u) n = BatchNormalization(h, gamma, beta, mean, var) ${between}
      y = Conv(r, w, b)
    }`);
  const constants = new Map(model.graph!.initializer.map((tensor) => [tensor.name, tensor]));
  const u = floats(constants.get('u')!);
  const values: Record<string, (i: number) => number> = {
    mean: () => 0,
    var: (i) => u.subarray(3 * i, 3 * i + 3).reduce((sum, each) => sum + each * each, 0),
  };
  model.graph!.initializer = model.graph!.initializer.map((tensor) => {
    const value = values[tensor.name ?? ''];
    return value ? withElements(tensor, dimsOf(tensor), [0, 1, 2, 3].map(value)) : tensor;
  });
  return model;
}

describe('analytic bias correction', () => {
  it.each([['r = Relu(n)'], ['r = LeakyRelu(n)'], ['r = Identity(n)']])(
    'does what the empirical one does behind BatchNormalization and %s',
    async (between) => {
      const random = seededRandom(2);
      const data = Float32Array.from({ length: 256 * 75 }, random.normal);
      const calibration = datasetInMemory({ name: 'normal', data, sampleDims: [3, 5, 5] });
      const { signal } = new AbortController();
      const context = { runtime, calibration, signal, seed: 1, progress: () => undefined };
      const options = quantizeOptions.parse({
        weights: 'int4',
        activations: 'float',
        rounding: 'nearest',
        correct_bias: 'empirical',
        layers: { u: { skip: true } },
      });
      const given = normalizedModel(between);
      const blueprint = await draft(await prepare(given, context), options, context);
      const last = (of: typeof blueprint) => [...of.layers.values()].at(-1)!;
      const empirical = last(await corrections(blueprint, options, context)).bias!;
      const { bias, site } = last(await correctAnalytically(given, blueprint, context));
      if (between.includes('Leaky')) {
        expect(bias).toBeUndefined();
        return;
      }
      const before = floats(site.bias!);
      const largest = Math.max(...empirical.map((each, i) => Math.abs(each - before[i])));
      expect(largest).toBeGreaterThan(0.01);
      empirical.forEach((each, i) =>
        expect(Math.abs(bias![i] - each)).toBeLessThan(0.15 * largest),
      );
    },
  );
});
