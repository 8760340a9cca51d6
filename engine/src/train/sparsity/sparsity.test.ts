import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import { analyzeChannels } from '../../channels/analyze';
import { randomData } from '../../criteria/testing/observing';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Feeds, Runtime } from '../../runtime/runtime';
import { gradientGraph } from '../gradient-graph';
import type { Loss } from '../losses/loss';
import { crossEntropy } from '../losses/cross-entropy';
import { optimizers } from '../optimizers';
import { flatten } from '../parameters';
import { schedules } from '../schedules';
import { train } from '../train';
import { groupLasso, strengthsOf } from './group-lasso';
import { slimming } from './slimming';
import { slicesOf, unitNorms } from './unit-slices';
import { zeroFilters } from './zero-filters';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** A residual trunk of 4 and inner layers of 5 and 6 channels, whose normalizations are apart. */
const graph = `(float[N,2,4,4] x) => (float[N,3] y)
  <float[4,2,1,1] stem.weight, float[5,4,3,3] in.weight, float[5] scale.in, float[5] shift.in,
   float[5] mean.in, float[5] var.in, float[4,5,1,1] out.weight, float[4,3] last.weight, float[3] last.bias>
  { s = Conv(x, stem.weight)  r = Relu(s)  i = Conv<pads = [1, 1, 1, 1]>(r, in.weight)
    n = BatchNormalization(i, scale.in, shift.in, mean.in, var.in)  ir = Relu(n)
    o = Conv(ir, out.weight)  a = Add(o, r)  t = Relu(a)  g = GlobalAveragePool(t)  f = Flatten(g)
    y = Gemm(f, last.weight, last.bias) }`;
const model = weightedModel(graph);
const data = randomData([2, 4, 4], 64, 3);

const groupsOf = (each: Model) => analyzeChannels(each).groups.filter(({ pinned }) => !pinned);
const groups = groupsOf(model);
const inner = groups.findIndex(({ id }) => id === 'in');

function weight(of: Model, name: string): Float32Array {
  return floats(of.graph!.initializer.find((each) => each.name === name)!);
}

const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

/** By the definition: everything with the unit's index, wherever the group is. */
function innerNorm(of: Model, unit: number): number {
  const [made, read] = [weight(of, 'in.weight'), weight(of, 'out.weight')];
  const own = [
    ...made.subarray(unit * 36, unit * 36 + 36),
    weight(of, 'scale.in')[unit],
    weight(of, 'shift.in')[unit],
    ...[0, 1, 2, 3].map((o) => read[o * 5 + unit]),
  ];
  return Math.sqrt(sumOf(own.map((each) => each ** 2)));
}

function normsOf(of: Model): number[] {
  const [slices] = slicesOf(of, [groupsOf(of)[inner]]);
  return [...unitNorms(5, slices)];
}

describe('what a unit owns', () => {
  it('are its weights, scales and shifts, those that are read among them, and no statistics', () => {
    normsOf(model).forEach((norm, unit) => expect(norm).toBeCloseTo(innerNorm(model, unit), 6));
  });
});

describe('the strengths of a group lasso', () => {
  it('fall from 16 for the weakest to 1 for the strongest, and are 1 where all are equal', () => {
    const norms = fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 2 });
    fc.assert(
      fc.property(norms, (given) => {
        const strengths = strengthsOf(Float64Array.from(given));
        given.forEach((norm, i) => {
          expect(strengths[i]).toBeGreaterThanOrEqual(1);
          expect(strengths[i]).toBeLessThanOrEqual(16);
          given.forEach((other, k) => {
            if (norm < other) expect(strengths[i]).toBeGreaterThanOrEqual(strengths[k]);
          });
        });
      }),
    );
    expect([...strengthsOf(Float64Array.of(1, 3, 2))]).toEqual([16, 1, 4]);
    expect([...strengthsOf(Float64Array.of(2, 2))]).toEqual([1, 1]);
  });
});

/** The gradient of a penalty alone, by the names of the parameters. */
async function slopes(loss: Loss, progress: number): Promise<Record<string, Float32Array>> {
  const options = { batch: 1, trained: () => true, statistics: 'batch' as const };
  const made = gradientGraph(model, { ...options, losses: [{ loss, weight: 1 }] });
  const session = await runtime.open(encodeModel(made.model), { optimize: 'basic' });
  try {
    const weights = flatten(made.parameters.map(({ tensor }) => tensor));
    const vector = (values: Float32Array, dims = [values.length]) => {
      return { type: 'float' as const, dims, data: values };
    };
    const feeds: Record<string, Feeds[string]> = {
      x: vector(new Float32Array(32), [1, 2, 4, 4]),
      '@weights': vector(weights),
      '@statistics': vector(flatten(made.statistics)),
      '@progress': vector(Float32Array.of(progress), []),
    };
    const known = Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]]));
    const { '@gradient': gradient } = await session.run(known, ['@gradient']);
    let start = 0;
    return Object.fromEntries(
      made.parameters.map(({ name, size }) => {
        start += size;
        return [name, (gradient.data as Float32Array).slice(start - size, start)];
      }),
    );
  } finally {
    await session.close();
  }
}

describe('penalties', () => {
  it('group lasso pulls along each unit’s weights, as strongly as is due and as the time has come', async () => {
    const gradient = await slopes(groupLasso(model, groups), 0.25);
    const norms = normsOf(model);
    const strengths = strengthsOf(Float64Array.from(norms));
    const scale = weight(model, 'scale.in');
    const shift = weight(model, 'shift.in');
    for (let unit = 0; unit < 5; unit++) {
      const pull = (0.25 * strengths[unit]) / norms[unit];
      expect(gradient['scale.in'][unit]).toBeCloseTo(pull * scale[unit], 5);
      expect(gradient['shift.in'][unit]).toBeCloseTo(pull * shift[unit], 5);
    }
    // No unit of a group that may be cut owns the bias of the head.
    for (const slope of gradient['last.bias']) expect(Math.abs(slope)).toBe(0);
  });

  it('slimming pulls on scales by their signs, and on nothing else', async () => {
    const gradient = await slopes(slimming(model, groups), 0.5);
    expect([...gradient['scale.in']]).toEqual([1, 1, 1, 1, 1]);
    for (const [name, each] of Object.entries(gradient)) {
      if (name !== 'scale.in') expect(Math.max(...each.map(Math.abs)), name).toBe(0);
    }
  });

  it('slimming says where scales are missing', () => {
    const folded = weightedModel(
      graph
        .replace(/float\[5\] \w+\.in,\s*/g, '')
        .replace(/n = BatchNormalization\(.*?\)/, 'n = Identity(i)'),
    );
    expect(() => slimming(folded, groupsOf(folded))).toThrow(/group-lasso/);
  });
});

/** What some epochs with a penalty make of the model. */
async function trained(loss: Loss, weightOf: number): Promise<Model> {
  const result = await train(
    model,
    {
      ...{ epochs: 6, batch: 16, rate: 0.02, schedule: schedules[2], warmUp: 0, smoothing: 0 },
      ...{ augmentation: {}, labelOffset: 0, trained: () => true, statistics: 'batch' as const },
      losses: [{ loss: crossEntropy, weight: 1 }, ...(weightOf > 0 ? [{ loss, weight: weightOf }] : [])], // prettier-ignore
      optimizer: optimizers[0],
      optimizerOptions: { momentum: 0.9, nesterov: true, decay: 0 },
    },
    {
      ...{ runtime, data, seed: 1, progress: () => undefined },
      signal: new AbortController().signal,
    },
  );
  return result.model;
}

describe('training with penalties', () => {
  it('the stronger the group lasso, the smaller the weakest channels', async () => {
    const before = normsOf(model);
    const weakest = before.indexOf(Math.min(...before));
    const strongest = before.indexOf(Math.max(...before));
    const after: number[][] = [];
    for (const strength of [0, 0.02, 0.1]) {
      after.push(normsOf(await trained(groupLasso(model, groups), strength)));
    }
    expect(after[1][weakest]).toBeLessThan(after[0][weakest]);
    expect(after[2][weakest]).toBeLessThan(after[1][weakest]);
    const lost = (unit: number): number => 1 - after[2][unit] / after[0][unit];
    expect(lost(weakest)).toBeGreaterThan(lost(strongest));
  });

  it('the stronger the slimming, the smaller the scales', async () => {
    const sums: number[] = [];
    for (const strength of [0, 0.01, 0.03]) {
      sums.push(sumOf(weight(await trained(slimming(model, groups), strength), 'scale.in').map(Math.abs))); // prettier-ignore
    }
    expect(sums[1]).toBeLessThan(sums[0]);
    expect(sums[2]).toBeLessThan(sums[1]);
  });
});

describe('soft cuts', () => {
  it('zero the filters of the units and nothing else, in a copy', () => {
    const bytes = encodeModel(model);
    const units = fc.subarray([0, 1, 2, 3, 4], { maxLength: 4 });
    fc.assert(
      fc.property(units, (gone) => {
        const cut = zeroFilters(model, groups, new Map([['in', gone]]));
        for (const { name } of model.graph!.initializer) {
          const [from, to] = [weight(model, name!), weight(cut, name!)];
          from.forEach((value, at) => {
            const isGone = name === 'in.weight' && gone.includes(Math.floor(at / 36));
            expect(to[at]).toBe(isGone ? 0 : value);
          });
        }
      }),
    );
    expect(Buffer.compare(encodeModel(model), bytes)).toBe(0);
  });
});
