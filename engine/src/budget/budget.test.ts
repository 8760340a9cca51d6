/** Budgets: as they are written, for which models they are, and how models are held against them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BudgetLimit, BudgetMetric } from '#protocol/budget';
import type { LatencyEstimate } from '#protocol/device';
import { formatFigure } from './figures';
import { judge, type ModelFacts } from './judge';
import { covers } from './limit';
import { budgetSchema, type Budget } from './schema';

const exact = (metric: BudgetMetric, value: number): BudgetLimit => ({
  metric,
  value,
  device: metric === 'latency' ? 'pi' : null,
  place: null,
});

function estimateOf(ms: number, low: number, high: number, uncovered = 0): LatencyEstimate {
  return {
    device: { id: 'pi/a', device: 'pi', name: 'Pi', runtime: 'ncnn', origin: 'published' },
    kind: 'estimate',
    ms,
    lowMs: low,
    highMs: high,
    layers: {},
    restMs: 0,
    uncovered,
    costPerMillion: null,
  };
}

const boundOf = (ms: number): LatencyEstimate => ({
  ...estimateOf(ms, 0, 0),
  kind: 'bound',
  lowMs: null,
  highMs: null,
});

function factsWith(facts: Partial<ModelFacts>): ModelFacts {
  return {
    path: '/m/net.onnx',
    bytes: 3_440_000,
    macs: 126e6,
    params: 860_000,
    latency: () => 'there is no device "pi"',
    accuracy: () => 'no run has measured its accuracy',
    ...facts,
  };
}

describe('what is written', () => {
  it('takes units, and numbers in the metric’s own', () => {
    const written = {
      latency: '1.5 s',
      size: '1 MiB',
      macs: '50 M',
      params: '300k',
      accuracy: '92 %',
    };
    const read = { latency: 1500, size: 2 ** 20, macs: 50e6, params: 300e3, accuracy: 0.92 };
    expect(budgetSchema.parse(written)).toEqual(read);
    expect(budgetSchema.parse(read)).toEqual(read);
  });

  it.each([
    [{ latency: '15' }, '"15" is not a time, such as 15 ms'],
    [{ latency: 0 }, '"0" is not a time, such as 15 ms'],
    [{ size: '1 ms' }, '"1 ms" is not a size, such as 1 MB'],
    [{ macs: '50 %' }, '"50 %" is not a number of them, such as 50 M; shares are for targets'],
    [{ accuracy: 92 }, 'An accuracy is a share, such as 92 % or 0.92'],
    [{}, 'A budget limits at least one of latency, size, macs, params, accuracy'],
  ])('refuses %j with what it should be', (written, message) => {
    const { error } = budgetSchema.safeParse(written);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  it('reads every figure that is shown as itself, to three digits', () => {
    const metric = fc.constantFrom<Exclude<BudgetMetric, 'accuracy'>>(
      'latency',
      'size',
      'macs',
      'params',
    );
    // Beyond these, figures are shown that no model has.
    const value = fc.double({ min: 1, max: 9e11, noNaN: true });
    fc.assert(
      fc.property(metric, value, (name, given) => {
        // Bytes and counts are whole.
        const figure = name === 'latency' ? given / 1000 : Math.round(given);
        const again = budgetSchema.parse({ [name]: formatFigure(name, figure) }) as Budget;
        expect(Math.abs(again[name]! / figure - 1)).toBeLessThan(0.0051);
      }),
    );
  });
});

describe('latency', () => {
  const judged = (latency: LatencyEstimate | string, limit = 15) =>
    judge(exact('latency', limit), factsWith({ latency: () => latency }));

  it.each([
    [estimateOf(12, 11, 14), 'meets', true],
    [estimateOf(14, 13, 16), 'likely', false],
    [estimateOf(16, 14, 18), 'over', false],
    [estimateOf(21, 19, 23), 'over', true],
    [estimateOf(12, 11, 14, 0.2), 'likely', false],
    [estimateOf(21, 19, 23, 0.2), 'over', false],
    [boundOf(16), 'over', true],
    [boundOf(1), 'unknown', false],
  ] as const)('%# is held against 15 ms with its interval', (estimate, verdict, certain) => {
    expect(judged(estimate)).toMatchObject({ verdict, certain });
  });

  it('is met only where the far end of the interval is, whatever the figures', () => {
    const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(positive, positive, positive), positive, (three, limit) => {
        const [low, ms, high] = three.sort((a, b) => a - b);
        const { verdict, certain } = judged(estimateOf(ms, low, high), limit);
        expect(verdict === 'meets').toBe(high <= limit);
        expect(verdict === 'over').toBe(ms > limit);
        expect(certain).toBe(high <= limit || low > limit);
      }),
    );
  });

  it('says figures, interval, device and limit', () => {
    expect(judged(estimateOf(21, 19.1, 22.9)).message).toBe(
      'takes 21 ms ±9 % on Pi, 6 ms over its budget of 15 ms',
    );
    expect(judged(estimateOf(14, 12.7, 15.3)).message).toBe(
      'takes 14 ms ±9 % on Pi, within its budget of 15 ms, but it may take up to 15.3 ms',
    );
    expect(judged(boundOf(0.4), 0.2).message).toBe(
      'takes at least 0.4 ms on Pi, 0.2 ms over its budget of 0.2 ms',
    );
    expect(judged('there is no device "pi"').message).toBe(
      'cannot be held against its latency budget of 15 ms: there is no device "pi"',
    );
  });
});

describe('other figures', () => {
  it.each([
    ['size', 1e6, 'over', 'has 3.44 MB, 2.44 MB over its budget of 1 MB'],
    ['size', 3_440_000, 'meets', 'has 3.44 MB, within its budget of 3.44 MB'],
    ['macs', 100e6, 'over', 'needs 126 M MACs, 26 M over its budget of 100 M'],
    ['params', 1e6, 'meets', 'has 860 k params, within its budget of 1 M'],
    [
      'accuracy',
      0.9,
      'unknown',
      'cannot be held against its accuracy budget of 90 %: no run has measured its accuracy',
    ],
  ] as const)('%s of %d', (metric, value, verdict, message) => {
    expect(judge(exact(metric, value), factsWith({}))).toMatchObject({ verdict, message });
  });

  it('wants no less than the accuracy', () => {
    const facts = factsWith({ accuracy: () => 0.912 });
    expect(judge(exact('accuracy', 0.92), facts)).toMatchObject({
      verdict: 'over',
      message: 'reaches 91.2 % top-1 accuracy, 0.8 points under its budget of 92 %',
    });
    expect(judge(exact('accuracy', 0.912), facts).verdict).toBe('meets');
  });
});

describe('which models', () => {
  const no = (): boolean => false;
  const glob = (text: string, path: string) =>
    covers({ kind: 'glob', folder: '/w', glob: text }, path, no);

  it('takes globs from the file’s folder, and names anywhere', () => {
    expect(glob('models/*.onnx', '/w/models/a.onnx')).toBe(true);
    expect(glob('./models/*.onnx', '/w/models/a.onnx')).toBe(true);
    expect(glob('models/*.onnx', '/w/models/old/a.onnx')).toBe(false);
    expect(glob('a*.onnx', '/w/models/old/a.onnx')).toBe(true);
    expect(glob('**/*.onnx', '/w/a.onnx')).toBe(true);
    expect(glob('**/*.onnx', '/elsewhere/a.onnx')).toBe(false);
  });

  it('takes what a recipe makes once it is there, and the model until then', () => {
    const scope = { kind: 'result', output: '/w/b.onnx', model: '/w/a.onnx' } as const;
    const covered = (there: boolean) =>
      [scope.model, scope.output].map((path) => covers(scope, path, () => there));
    expect(covered(false)).toEqual([true, false]);
    expect(covered(true)).toEqual([false, true]);
  });
});
