import { expect, test } from 'vitest';
import { makeTensor } from '../../ir/tensor';
import type { NamedTensor } from '../../runtime/runtime';
import { disagreement, type Outcome } from './agreement';

const tensor = (name: string, size: number) =>
  makeTensor(name, 'float', [size], new Float32Array(size));
const parameter = (name: string, size: number) => {
  return { tensor: tensor(name, size), name, dims: [size], size, layers: [name], decays: true };
};
const vector = (...data: number[]): NamedTensor => {
  return { type: 'float', dims: [data.length], data: Float32Array.from(data) };
};

/** The gradient of `bias` is nothing but rounding. */
const graph = {
  parameters: [parameter('weight', 3), parameter('bias', 1)],
  statistics: [tensor('mean', 2)],
};
const first = {
  '@weights': vector(1, 2, 3, 4),
  '@statistics': vector(0, 1),
  '@moment.0': vector(0, 0, 0, 0),
};
const outcome = (weights: NamedTensor, moment: NamedTensor, statistics: NamedTensor): Outcome => {
  const state = { '@weights': weights, '@statistics': statistics, '@moment.0': moment };
  return { loss: 1, logits: vector(1, -1), state };
};
const gradient = vector(0.1, -0.2, 0.3, 1e-7);
const mean = vector(0.1, 1.1);
const expected = outcome(vector(1.1, 1.8, 3.3, 4.1), gradient, mean);

test.each<[string, Outcome, string | undefined]>([
  ['nothing', expected, undefined],
  ['less than rounding leaves', outcome(vector(1.1001, 1.8, 3.3, 4.1), gradient, mean), undefined],
  [
    'what comes of rounding alone',
    outcome(vector(1.1, 1.8, 3.3, 3.9), vector(0.1, -0.2, 0.3, -1e-7), mean),
    undefined,
  ],
  [
    'a gradient',
    outcome(vector(1.1, 1.8, 3.3, 4.1), vector(0.1, -0.2, 0.2, 1e-7), mean),
    'what becomes of "weight" is 27 % off',
  ],
  [
    'a weight that changes little beside its size',
    outcome(vector(1.1, 1.8, 3.2, 4.1), gradient, mean),
    'what becomes of "weight" is 27 % off',
  ],
  [
    'a statistic',
    outcome(vector(1.1, 1.8, 3.3, 4.1), gradient, vector(0.1, 1)),
    'what becomes of "mean" is 71 % off',
  ],
  ['the loss', { ...expected, loss: 1.1 }, 'the loss is 10 % off'],
  ['a number', { ...expected, logits: vector(NaN, -1) }, 'the output is no number'],
])('where %s is off', (_, actual, said) => {
  expect(disagreement(graph, first, expected, actual)).toBe(said);
});
