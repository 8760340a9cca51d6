import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identity, matrix, type Matrix } from '../../../linalg/matrix';
import { decoupleChannels, decouplingAlternation } from '../methods/decouple';
import { decoupleOutputs, outputAlternation } from '../methods/decouple-pw-dw';
import { iterate } from '../methods/tucker2';
import { plainShape, randomKernel, randomMoments } from '../testing/random-layers';
import { alternate, objective, type Alternation } from './alternate';
import { componentAlternation, initialComponents } from './components';
import { basisAlternation } from './input-basis';
import { metricOf, seenError, subtract, weightMetric, type Metric } from './metric';

/** The steps of one method, without the kind of its state. */
interface Fit {
  /** What is minimised, at the start and after every step of several sweeps. */
  costs(weights: Matrix, metric: Metric, sweeps: number): number[];
  /** The error on the patches, at the start and at the end. */
  seen(weights: Matrix, metric: Metric): [number, number];
}

function fit<State>(make: (weights: Matrix, metric: Metric) => Alternation<State>): Fit {
  return {
    costs: (weights, metric, sweeps) => {
      const alternation = make(weights, metric);
      const cost = (state: State): number => objective(weights, metric, alternation, state);
      let state = alternation.start;
      const costs = [cost(state)];
      for (let sweep = 0; sweep < sweeps; sweep++) {
        for (const step of alternation.steps) costs.push(cost((state = step(state))));
      }
      return costs;
    },
    seen: (weights, metric) => {
      const alternation = make(weights, metric);
      const end = alternate(weights, metric, alternation);
      const [first, last] = [alternation.start, end].map((state) =>
        seenError(metric, subtract(weights, alternation.compose(state))),
      );
      return [first, last];
    },
  };
}

const [outputs, inputs, taps] = [7, 5, 6];

const fits: readonly (readonly [string, (rank: number) => Fit])[] = [
  [
    'Tucker-2',
    (rank) =>
      fit((weights, metric) =>
        basisAlternation(weights, metric, iterate(weights, inputs, rank, rank + 1)),
      ),
  ],
  [
    'spatial SVD',
    (rank) =>
      fit((weights, metric) => {
        const { core, inputs: basis } = iterate(weights, inputs * 2, rank, outputs);
        const start = {
          core: matrix(outputs, core.columns),
          inputs: basis,
          outputs: identity(outputs),
        };
        return basisAlternation(weights, metric, start, { fixedOutputs: true });
      }),
  ],
  [
    'decoupling',
    (rank) =>
      fit((weights, metric) =>
        decouplingAlternation(weights, metric, decoupleChannels(weights, taps, rank)),
      ),
  ],
  [
    'decoupling, pointwise first',
    (rank) =>
      fit((weights, metric) =>
        outputAlternation(weights, metric, decoupleOutputs(weights, taps, rank)),
      ),
  ],
  [
    'components',
    (rank) =>
      fit((weights, metric) =>
        componentAlternation(weights, metric, initialComponents(weights, [inputs, 2, 3], 2 * rank)),
      ),
  ],
];

describe.each(fits)('the steps of %s', (_, make) => {
  const shape = plainShape(outputs, inputs, [2, 3]);
  const weightsOf = (seed: number): Matrix =>
    matrix(outputs, inputs * taps, Float64Array.from(randomKernel(shape, seed).data));

  it('never raise what they minimise, with patches or without', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        fc.boolean(),
        (rank, seed, hasPatches) => {
          const moments = hasPatches ? randomMoments(shape, seed + 1) : undefined;
          const metric = metricOf(inputs * taps, moments, 0);
          const costs = make(rank).costs(weightsOf(seed), metric, 4);
          costs.slice(1).forEach((cost, i) => {
            expect(cost).toBeLessThanOrEqual(costs[i] + 1e-9 * costs[0]);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('never raise the error on patches fewer than features', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(), (rank, seed) => {
        const metric = metricOf(inputs * taps, randomMoments(shape, seed, 0.3), 0);
        const [first, last] = make(rank).seen(weightsOf(seed), metric);
        expect(last).toBeLessThanOrEqual(first * (1 + 1e-12));
      }),
      { numRuns: 25 },
    );
  });
});

describe('the metric', () => {
  it('is that of the weights where nothing was seen', () => {
    const zeros = { features: 4, gram: [new Float64Array(16)], count: 0 };
    expect(metricOf(4, zeros, 0)).toBe(weightMetric);
    expect(metricOf(4, undefined, 0)).toBe(weightMetric);
  });
});
