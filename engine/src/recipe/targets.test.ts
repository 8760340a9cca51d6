import { describe, expect, it } from 'vitest';
import type { DeviceReport, ModelFigures } from '../report/report';
import { targetSchema, type RecipeTarget } from './target-schema';
import { checkTargets, targetIssues, type Outcome } from './targets';

const figures = { params: 1e6, macs: 2e6, weightBytes: 4e6, latencyMs: 10, metric: 0.9 };
const before: ModelFigures = figures;
const after: ModelFigures = { ...figures, macs: 1e6, params: 4e5, latencyMs: 6, metric: 0.892 };
const [whole, cut] = [40, 24].map((ms) => ({
  ...{ kind: 'estimate' as const, ms, lowMs: ms * 0.9, highMs: ms * 1.1 },
  ...{ restMs: 0, uncovered: 0, costPerMillion: null, neededBytes: null, fits: null },
}));
const device: DeviceReport = {
  device: {
    ...{ id: 'pi/ncnn', device: 'pi', name: 'Pi', runtime: 'ncnn', origin: 'published' },
    ...{ interval: null, memoryBytes: null, price: null, notes: [] },
  },
  before: whole,
  after: cut,
};
const outcome: Outcome = {
  ...{ before, after, device, bytes: { before: 4e6, after: 1.6e6 } },
  metric: { id: 'top1', title: 'top-1 accuracy', samples: 1000 },
};

const verdicts = (target: RecipeTarget, found: Outcome = outcome): string[] =>
  checkTargets(target, found).map(({ verdict }) => verdict);

describe('the targets of a recipe', () => {
  it('are limits or shares with units that fit', () => {
    const good = [{ latency: '12 ms' }, { latency: 0.6 }, { size: '1 MB' }, { macs: '50 M' }];
    const more = [{ params: 3e5 }, { accuracy: '92 %' }, { accuracy: 0.92 }, { accuracy_drop: 0 }];
    for (const target of [...good, ...more]) {
      expect(targetSchema.safeParse(target).success, JSON.stringify(target)).toBe(true);
    }
    const bad = [{}, { latency: 12 }, { latency: '12 MB' }, { size: '1 ms' }, { accuracy: 92 }];
    for (const target of [...bad, { speed: 1 }, { macs: 0 }, { accuracy_drop: 'little' }]) {
      expect(targetSchema.safeParse(target).success, JSON.stringify(target)).toBe(false);
    }
  });

  it('hold an estimate against a time with its whole interval', () => {
    expect(verdicts({ latency: '27 ms' })).toEqual(['met']);
    expect(verdicts({ latency: '25 ms' })).toEqual(['likely']);
    expect(verdicts({ latency: '23 ms' })).toEqual(['missed']);
    const strange = { ...device, after: { ...cut, uncovered: 0.3 } };
    expect(verdicts({ latency: '27 ms' }, { ...outcome, device: strange })).toEqual(['likely']);
  });

  it('compare shares of a latency without an interval', () => {
    expect(verdicts({ latency: 0.6 })).toEqual(['met']);
    expect(verdicts({ latency: 0.59 })).toEqual(['missed']);
  });

  it('know of a bound only what it excludes', () => {
    const bound = { ...cut, kind: 'bound' as const, lowMs: null, highMs: null };
    const found = { ...outcome, device: { ...device, after: bound } };
    expect(verdicts({ latency: '23 ms' }, found)).toEqual(['missed']);
    expect(verdicts({ latency: '100 ms' }, found)).toEqual(['unknown']);
    expect(verdicts({ latency: 0.9 }, found)).toEqual(['unknown']);
  });

  it('take what was measured here where there is no device', () => {
    const here = { ...outcome, device: undefined };
    expect(verdicts({ latency: '6 ms' }, here)).toEqual(['met']);
    expect(verdicts({ latency: 0.5 }, here)).toEqual(['missed']);
    const unmeasured = { ...here, after: { ...after, latencyMs: null } };
    expect(verdicts({ latency: '6 ms' }, unmeasured)).toEqual(['unknown']);
  });

  it('count bytes, MACs, params and points', () => {
    expect(verdicts({ size: '1.6 MB', macs: 0.5, params: '400 k' })).toEqual(['met', 'met', 'met']);
    expect(verdicts({ size: 0.3, macs: '900 k', params: 0.3 })).toEqual(Array(3).fill('missed'));
    expect(verdicts({ accuracy: '89.2 %', accuracy_drop: 0.8 })).toEqual(['met', 'met']);
    expect(verdicts({ accuracy: 0.9, accuracy_drop: 0.5 })).toEqual(['missed', 'missed']);
    const unlabelled = { ...outcome, metric: null };
    expect(verdicts({ accuracy_drop: 0.5 }, unlabelled)).toEqual(['unknown']);
  });

  it('are said in one sentence, and are issues where they are missed or not known', () => {
    const targets = checkTargets({ latency: '23 ms', macs: 0.5, accuracy: '95 %' }, outcome);
    expect(targets.map(({ message }) => message)).toEqual([
      'latency 24 ms (60.0 % left), estimated for Pi, ±10 %; asked for 23 ms',
      'MACs 1.00 M (50.0 % left); asked for 0.5 of the original at most',
      'top-1 accuracy 89.20 %; asked for 95 %',
    ]);
    expect(targetIssues(targets).map(({ code, severity }) => [code, severity])).toEqual([
      ['target-missed', 'warning'],
      ['target-missed', 'warning'],
    ]);
  });
});
