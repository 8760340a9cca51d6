import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntime } from '../../../../runtime/client';
import type { Runtime } from '../../../../runtime/runtime';
import { errorsOf, tinyTask, valueOf, type TinyLayer } from '../testing/tiny-task';
import { adaround } from './adaround';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const round = async (task: ReturnType<typeof tinyTask>, seed = 1): Promise<Int32Array> => {
  const { signal } = new AbortController();
  return (await adaround.round(task, { runtime, signal, seed })).codes;
};

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

/** The least error of each output among all 2ⁿ choices. */
function leastErrors(task: ReturnType<typeof tinyTask>): number[] {
  const { weight, offset, step, min, max, features } = task.product;
  let least = errorsOf(task, valueOf(task, task.product.codes));
  for (let choice = 0; choice < 2 ** features; choice++) {
    const codes = Int32Array.from(weight, (value, at) => {
      const lower = Math.floor((value - offset[at]) / step[at]);
      return Math.min(Math.max(lower + ((choice >> (at % features)) & 1), min), max);
    });
    const errors = errorsOf(task, valueOf(task, codes));
    least = least.map((error, output) => Math.min(error, errors[output]));
  }
  return least;
}

const layers: readonly (readonly [string, TinyLayer])[] = [
  ['a dense layer', { outputs: 6, features: 20, type: 'int4', seed: 1 }],
  ['two bits', { outputs: 4, features: 12, type: 'int2', seed: 2 }],
  ['groups', { groups: 4, outputs: 8, features: 9, type: 'int4', seed: 3 }],
  [
    'a ReLU',
    { outputs: 6, features: 16, type: 'int3', seed: 4, bounds: { lower: 0, upper: Infinity } },
  ],
  ['a ReLU6', { outputs: 6, features: 16, type: 'int3', seed: 5, bounds: { lower: 0, upper: 6 } }],
];

describe('AdaRound', () => {
  it.each(layers)(
    'rounds up or down, for no output worse than to the nearest: %s',
    async (_, given) => {
      const task = tinyTask(given);
      const { product } = task;
      const codes = await round(task);
      codes.forEach((code, at) => {
        const wanted = (product.weight[at] - product.offset[at]) / product.step[at];
        const lower = Math.min(Math.max(Math.floor(wanted), product.min), product.max);
        const upper = Math.min(lower + 1, product.max);
        expect([lower, upper]).toContain(code);
      });
      const before = errorsOf(task, valueOf(task, product.codes));
      const after = errorsOf(task, valueOf(task, codes));
      after.forEach((error, output) =>
        expect(error).toBeLessThanOrEqual(before[output] * (1 + 1e-5)),
      );
      expect(sum(after)).toBeLessThan(sum(before));
    },
  );

  it('comes near to the best of all choices between up and down', async () => {
    const task = tinyTask({ outputs: 4, features: 9, type: 'int4', seed: 4 });
    const found = errorsOf(task, valueOf(task, await round(task)));
    expect(sum(found)).toBeLessThan(1.25 * sum(leastErrors(task)));
  });

  it('gives the same codes for the same seed', async () => {
    const task = tinyTask({ outputs: 6, features: 24, type: 'int3', seed: 6 });
    expect(await round(task, 3)).toEqual(await round(task, 3));
  });

  it('can be cancelled', async () => {
    const task = tinyTask({ outputs: 2, features: 4, type: 'int4', seed: 7 });
    const context = { runtime, signal: AbortSignal.abort(new Error('enough')), seed: 1 };
    await expect(adaround.round(task, context)).rejects.toThrow('enough');
  });
});
