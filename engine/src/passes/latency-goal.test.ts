import { expect, test } from 'vitest';
import type { LatencyEstimate } from '#protocol/device';
import { limitOf, parseGoal, reachedIssue } from './latency-goal';

const found: LatencyEstimate = {
  device: {
    ...{ id: 'pi/ncnn', device: 'pi', name: 'Pi', runtime: 'ncnn, 1 thread, fp32' },
    origin: 'published',
  },
  kind: 'estimate',
  ...{ ms: 10, lowMs: 9, highMs: 12.5 },
  ...{ layers: {}, restMs: 0, uncovered: 0, costPerMillion: null },
};

test('goals are times or shares, from numbers and from text', () => {
  expect(['12 ms', 0.6, '0.6'].map(parseGoal)).toEqual([{ ms: 12 }, { left: 0.6 }, { left: 0.6 }]);
  expect([12, '12', '', '0 ms', 1, 0, -0.5, 'x'].map(parseGoal).filter(Boolean)).toEqual([]);
  expect(limitOf({ left: 0.5 }, 30)).toBe(15);
  expect(limitOf({ ms: 12 }, 30)).toBe(12);
});

test('a time is met where the whole interval is within it, and likely where only the estimate is', () => {
  expect(reachedIssue({ ms: 12.5 }, 20, found).code).toBe('latency-met');
  const likely = reachedIssue({ ms: 12 }, 20, found);
  expect(likely.code).toBe('latency-likely');
  expect(likely.message).toContain('between 9 ms and 12.5 ms');
  expect(likely.message).toContain('ask for 9.6 ms to be sure');
});

test('a time is only likely where kernels were never timed', () => {
  const issue = reachedIssue({ ms: 15 }, 20, { ...found, uncovered: 0.2 });
  expect(issue.code).toBe('latency-likely');
  expect(issue.message).toContain('20.0 %');
});

test('of a share nothing but the ratio is said, in which errors cancel', () => {
  expect(reachedIssue({ left: 0.6 }, 20, found)).toMatchObject({ code: 'latency-met' });
});
