import { describe, expect, it } from 'vitest';
import type { LayerComparison, LayerFigures } from '../report/report';
import { integerSpeedIssue } from './integer-speed';

const figures = (bits: number, latencyMs: number, kernel: string): LayerFigures => ({
  ...{ params: 9, macs: 5000, channels: 4 },
  ...{ bits, latencyMs, kernel },
});
const layer = (name: string, was: number, is: number, kernel = 'QLinearConv'): LayerComparison => ({
  ...{ name, op: 'Conv' },
  ...{ before: figures(32, was, 'Conv'), after: figures(8, is, kernel) },
});
const timing = (totalMs: number, conversionsMs = 0) => ({ totalMs, layersMs: 1, conversionsMs });
const without = { name: 'Old', isX86: true, vnni: '' };
const quantize = (options: Record<string, unknown> = {}) => [{ pass: 'quantize', options }];

describe('saying whether integers are faster', () => {
  const slower = { before: timing(1), after: timing(1.5, 0.4) };

  it('warns of a slower result with the reasons that were measured', () => {
    const layers = [layer('a', 0.1, 0.05), layer('b', 0.1, 0.3), layer('c', 0.1, 0.1, 'Conv')];
    const issue = integerSpeedIssue(slower, layers, quantize(), () => without);
    expect(issue).toMatchObject({ severity: 'warning', code: 'not-faster' });
    expect(issue!.message).toContain('1.50 ms instead of 1.00 ms');
    expect(issue!.message).toContain('(Old) has no instructions');
    expect(issue!.message).toContain('Converting values between float and integers takes 0.400 ms');
    expect(issue!.message).toContain('computes c in float although');
    expect(issue!.message).toContain('by 0.200 ms together: b. It is small');
    expect(issue!.message).toContain('only_where_faster');
    const known = integerSpeedIssue(slower, layers, quantize(), () => ({
      ...without,
      vnni: 'avx_vnni',
    }));
    expect(known!.message).not.toContain('VNNI');
    const asked = integerSpeedIssue(slower, layers, quantize({ only_where_faster: true }));
    expect(asked!.message).not.toContain('only_where_faster');
  });

  it('names slower layers of a faster result without a warning', () => {
    const faster = { before: timing(1), after: timing(0.5) };
    const issue = integerSpeedIssue(faster, [layer('b', 0.1, 0.3)], quantize(), () => without);
    expect(issue).toMatchObject({ severity: 'information', code: 'slower-layers' });
    expect(issue!.message).not.toContain('VNNI');
    expect(integerSpeedIssue(faster, [layer('a', 0.3, 0.1)], quantize())).toBeUndefined();
  });

  it('keeps silent about noise, about layers that stayed in float, and about other passes', () => {
    const even = { before: timing(1), after: timing(1.04) };
    const float: LayerComparison = {
      ...layer('f', 0.1, 0.3),
      after: figures(32, 0.3, 'Conv'),
    };
    expect(integerSpeedIssue(even, [layer('a', 0.02, 0.0225), float], quantize())).toBeUndefined();
    expect(integerSpeedIssue(slower, [], [{ pass: 'prune', options: {} }])).toBeUndefined();
  });
});
