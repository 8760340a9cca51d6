import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import { writeAverage } from '../averaging';
import { GraphBuilder } from '../graph-builder';
import { optimizers } from '.';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

const size = 7;
const steps = 6;
const rate = 0.1;
const decay = 0.05;
const momentum = 0.8;

/** The papers' formulas, in double precision; decay is already in the gradient unless it is decoupled. */
const references: Record<string, (nesterov: boolean) => Stepper> = {
  sgd: (nesterov) => {
    let velocity = 0;
    return (weight, gradient) => {
      velocity = momentum * velocity + gradient;
      return weight - rate * (nesterov ? gradient + momentum * velocity : velocity);
    };
  },
  adam: () => adamOf(0),
  adamw: () => adamOf(decay),
};

type Stepper = (weight: number, gradient: number, step: number) => number;

function adamOf(pull: number): Stepper {
  let [first, second] = [0, 0];
  return (weight, gradient, step) => {
    first = momentum * first + (1 - momentum) * gradient;
    second = 0.999 * second + 0.001 * gradient ** 2;
    const [mean, square] = [first / (1 - momentum ** step), second / (1 - 0.999 ** step)];
    return weight - rate * (mean / (Math.sqrt(square) + 1e-8) + pull * weight);
  };
}

function vector(values: readonly number[]): NamedTensor {
  return { type: 'float', dims: [values.length], data: Float32Array.from(values) };
}
const scalar = (value: number): NamedTensor => ({ ...vector([value]), dims: [] });

describe.each(optimizers)('$id', (optimizer) => {
  it.each([false, true])('follows its formula, nesterov: %s', async (nesterov) => {
    const write = new GraphBuilder();
    const input = (name: string) => write.input(name, 'float', [size]);
    const moments = Array.from({ length: optimizer.moments }, (_, i) => input(`moment.${i}`));
    const next = optimizer.write({
      ...{ write, moments, weights: input('weights'), gradient: input('gradient') },
      pull: optimizer.decoupled ? input('pull') : undefined,
      rate: write.input('rate', 'float', []),
      step: write.input('step', 'float', []),
      options: { momentum, nesterov, decay },
    });
    const outputs = [next.weights, ...next.moments];
    const session = await runtime.open(encodeModel(write.model(outputs)));
    const random = seededRandom(4);
    const draw = () => Array.from({ length: size }, random.normal);
    let expected = draw();
    const steppers = expected.map(() => references[optimizer.id](nesterov));
    let [weights, ...kept] = [
      vector(expected),
      ...moments.map(() => vector(expected.map(() => 0))),
    ];
    for (let step = 1; step <= steps; step++) {
      const gradient = draw();
      const pull = vector(Array.from(weights.data as Float32Array, (weight) => weight * decay));
      const made = await session.run({
        ...{ weights, gradient: vector(gradient), rate: scalar(rate), step: scalar(step) },
        ...Object.fromEntries(kept.map((each, i) => [`moment.${i}`, each])),
        ...(optimizer.decoupled ? { pull } : {}),
      });
      [weights, ...kept] = outputs.map((name) => made[name]);
      expected = expected.map((weight, i) => steppers[i](weight, gradient[i], step));
      expected.forEach((weight, i) => expect(weights.data[i]).toBeCloseTo(weight, 4));
    }
    await session.close();
  });
});

describe('averaged weights', () => {
  it('begin with what they follow, and then stay behind', async () => {
    const build = new GraphBuilder();
    const next = build.input('next', 'float', [size]);
    const step = build.input('step', 'float', []);
    const average = writeAverage(build, 'average', next, { keep: 0.6, step });
    const session = await runtime.open(encodeModel(build.model([average])));
    const random = seededRandom(5);
    let expected = Array.from({ length: size }, random.normal);
    let now = vector(expected);
    for (let at = 1; at <= 30; at++) {
      const fed = Array.from({ length: size }, random.normal);
      const made = await session.run({ next: vector(fed), average: now, step: scalar(at) });
      now = made[average];
      const keep = Math.min(0.6, (1 + at) / (10 + at));
      expected = expected.map((old, i) => keep * old + (1 - keep) * fed[i]);
      expected.forEach((value, i) => expect(now.data[i]).toBeCloseTo(value, 5));
    }
    await session.close();
  });
});
