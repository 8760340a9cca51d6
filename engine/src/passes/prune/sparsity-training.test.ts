import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import { analyzeChannels } from '../../channels/analyze';
import { randomData } from '../../criteria/testing/observing';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import type { PassContext } from '../pass';
import { prune } from './prune';
import { sparsityOptions, trainSparse } from './sparsity-training';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const model = weightedModel(`(float[N,2,4,4] x) => (float[N,3] y)
  <float[8,2,3,3] one.weight, float[8] scale.one, float[8] shift.one, float[8] mean.one, float[8] var.one,
   float[6,8,1,1] two.weight, float[6,3] last.weight, float[3] last.bias>
  { a = Conv<pads = [1, 1, 1, 1]>(x, one.weight)
    n = BatchNormalization(a, scale.one, shift.one, mean.one, var.one)  r = Relu(n)
    b = Conv(r, two.weight)  t = Relu(b)  g = GlobalAveragePool(t)  f = Flatten(g)
    y = Gemm(f, last.weight, last.bias) }`);
const data = randomData([2, 4, 4], 48, 3);

function context(more: Partial<PassContext> = {}): PassContext {
  const { signal } = new AbortController();
  return { signal, seed: 0, progress: () => undefined, runtime, calibration: data, ...more };
}

function weight(of: Model, name: string): Float32Array {
  return floats(of.graph!.initializer.find((each) => each.name === name)!);
}

const training = { epochs: 2, batch: 16 };
const half = { ratio: 0.5, criterion: 'l2', scope: 'local', recover: 'none' };

function run(given: object, more: Partial<PassContext> = {}) {
  return prune.run(model, prune.options.parse({ ...half, ...given }), context(more));
}

describe('training before the cut', () => {
  it.each(['group-lasso', 'slimming', 'soft-filter'])(
    '%s: is accounted for, and then cut',
    async (method) => {
      const before = encodeModel(model);
      const plain = await run({});
      const { model: cut, notes, curves, issues } = await run({ sparsity_training: { ...training, method } }); // prettier-ignore
      expect(encodeModel(model)).toEqual(before);
      expect(encodeModel(cut).length).toBe(encodeModel(plain.model).length);
      expect(weight(cut, 'one.weight').length).toBe(weight(model, 'one.weight').length / 2);
      expect(notes.filter(({ counts }) => counts === 'loss')).toHaveLength(2);
      expect(curves?.flatMap(({ epochs }) => epochs)).toHaveLength(2);
      expect(curves?.[0].title).toContain(method);
      expect(issues.some(({ message }) => message.startsWith(method))).toBe(true);
    },
  );

  it('soft-filter ends with exactly those filters at zero that are to go, and lets them grow before', async () => {
    const { groups } = analyzeChannels(model);
    const seen: number[][] = [];
    const zeros = (of: Model): number[] => {
      const weights = weight(of, 'one.weight');
      return [0, 1, 2, 3, 4, 5, 6, 7].filter((filter) =>
        weights.subarray(filter * 18, filter * 18 + 18).every((each) => each === 0),
      );
    };
    // A filter of zeros gives the shift: where that is negative, no slope passes the Relu behind it.
    const shifts = [...weight(model, 'shift.one')];
    const growing = shifts.findIndex((shift) => shift > 0.2);
    const dead = shifts.findIndex((shift) => shift < -0.2);
    const gone = [growing, dead].sort((a, b) => a - b);
    const cuts = new Map([['one', gone]]);
    const cutsOf = (trained: Model) => {
      seen.push(zeros(trained));
      return Promise.resolve(cuts);
    };
    const options = sparsityOptions.parse({ ...training, method: 'soft-filter' });
    const { model: soft } = await trainSparse({ model, groups, cutsOf }, options, context());
    expect(zeros(soft)).toEqual(gone);
    expect(seen).toEqual([[], [dead]]);
  });

  it('learns without labels from the model as it is', async () => {
    const { calibration } = context();
    const unlabelled = {
      ...calibration!,
      labelled: false,
      sample: () => unlabelled,
    } as typeof data;
    const { issues } = await run({ sparsity_training: training }, { calibration: unlabelled });
    expect(issues.map(({ message }) => message).join()).toMatch(/teacher/);
  });

  it('asks for data, and is left out of a plan', async () => {
    const wanted = { sparsity_training: training };
    await expect(run(wanted, { calibration: undefined })).rejects.toThrow(/needs data/);
    const options = prune.options.parse({ ...half, ...wanted });
    const { notes } = await prune.plan!(model, options, context({ calibration: undefined }));
    expect(notes.every(({ counts }) => counts !== 'loss')).toBe(true);
  });
});
