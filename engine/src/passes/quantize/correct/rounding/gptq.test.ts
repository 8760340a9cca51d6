import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntime } from '../../../../runtime/client';
import type { Runtime } from '../../../../runtime/runtime';
import { errorsOf, tinyTask, valueOf } from '../testing/tiny-task';
import { gptq } from './gptq';
import type { Rounded, RoundingTask } from './method';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const round = (task: RoundingTask): Promise<Rounded> =>
  gptq.round(task, { runtime, signal: new AbortController().signal, seed: 1 });

/** Every choice of codes for one output, with the best bias where there may be another one. */
function leastError(task: RoundingTask, output: number): number {
  const { features, min, max } = task.product;
  const codes = task.product.codes.slice();
  const choices = max - min + 1;
  let least = Infinity;
  for (let choice = 0; choice < choices ** features; choice++) {
    for (let j = 0, rest = choice; j < features; j++, rest = Math.floor(rest / choices)) {
      codes[output * features + j] = min + (rest % choices);
    }
    least = Math.min(least, errorOf(task, codes, output));
  }
  return least;
}

function errorOf(
  task: RoundingTask,
  codes: Int32Array,
  output: number,
  bias?: Float32Array,
): number {
  const shifted = bias ?? (task.isShiftable ? bestBias(task, codes) : task.product.bias);
  return errorsOf(task, valueOf(task, codes), shifted)[output];
}

/** ȳ − w̃·x̄, in double precision. */
function bestBias({ product, patches }: RoundingTask, codes: Int32Array): Float64Array {
  const { groups, outputs, features, offset, step } = product;
  const { rows, reads, target } = patches;
  return Float64Array.from({ length: groups * outputs }, (_, output) => {
    const group = Math.floor(output / outputs);
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      sum += target[(group * rows + row) * outputs + (output % outputs)];
      for (let j = 0; j < features; j++) {
        const at = output * features + j;
        sum -= (offset[at] + step[at] * codes[at]) * reads[(group * rows + row) * features + j];
      }
    }
    return sum / rows;
  });
}

describe('GPTQ', () => {
  it.each([true, false])(
    'comes near to the best of all codes, with a new bias: %s',
    async (isShiftable) => {
      let all = 0;
      let least = 0;
      for (const seed of [1, 2, 3]) {
        const task = tinyTask({
          outputs: 2,
          features: 4,
          type: 'int3',
          seed,
          rows: 80,
          isShiftable,
        });
        const { codes, bias } = await round(task);
        expect(bias === undefined).toBe(!isShiftable);
        for (const output of [0, 1]) {
          const found = errorOf(task, codes, output, bias);
          const nearest = errorsOf(task, valueOf(task, task.product.codes))[output];
          expect(found).toBeLessThanOrEqual(nearest * (1 + 1e-6));
          all += found;
          least += leastError(task, output);
        }
      }
      expect(all).toBeLessThan(1.3 * least);
    },
  );

  it('rounds each group of a convolution by what that group reads', async () => {
    const task = tinyTask({ groups: 3, outputs: 6, features: 9, type: 'int3', seed: 8 });
    const { codes, bias } = await round(task);
    const before = errorsOf(task, valueOf(task, task.product.codes));
    const after = errorsOf(task, valueOf(task, codes), bias);
    after.forEach((error, output) => expect(error).toBeLessThan(before[output]));
  });

  it('gives the least squares solution where the grid is fine', async () => {
    const task = tinyTask({ outputs: 3, features: 6, type: 'int16', seed: 9 });
    const { codes, bias } = await round(task);
    const best = errorsOf(task, valueOf(task, codes), bias);
    // No small change of any weight makes it better, up to the damping.
    for (let at = 0; at < codes.length; at++) {
      for (const by of [-0.02, 0.02]) {
        const moved = (i: number): number => valueOf(task, codes)(i) + (i === at ? by : 0);
        const output = Math.floor(at / 6);
        expect(errorsOf(task, moved, bias)[output]).toBeGreaterThan(best[output]);
      }
    }
  });

  it('leaves what is never read at the nearest code', async () => {
    const task = tinyTask({ outputs: 2, features: 4, type: 'int4', seed: 10 });
    task.patches.reads.fill(0);
    const { codes, bias } = await round(task);
    expect(codes).toEqual(task.product.codes);
    expect(bias!.every(Number.isFinite)).toBe(true);
  });
});
