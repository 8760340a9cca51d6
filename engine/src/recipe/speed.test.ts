import { describe, expect, it } from 'vitest';
import { speedIssue } from './speed';

const figures = (macs: number, latencyMs: number | null) => ({
  params: 1,
  macs,
  weightBytes: 4,
  latencyMs,
  metric: null,
});
const prune = (round: number) => [{ pass: 'prune', options: { round } }];

describe('saying whether less work is less time', () => {
  it('warns of a slower result, and names rounding where the channels were not rounded', () => {
    expect(speedIssue(figures(100, 1), figures(60, 1.4), prune(1))?.message).toContain('round 8');
    expect(speedIssue(figures(100, 1), figures(60, 1.4), prune(16))?.message).not.toContain(
      'round',
    );
  });

  it('names the option that times layers where a decomposition did not use it', () => {
    const said = (options: Record<string, unknown>) =>
      speedIssue(figures(100, 1), figures(60, 1.4), [{ pass: 'decompose', options }])?.message;
    expect(said({})).toContain('only_where_faster');
    expect(said({ only_where_faster: true })).not.toContain('only_where_faster');
  });

  it('keeps silent about noise, about speed-ups, and without a measurement or a cut', () => {
    expect(speedIssue(figures(100, 1), figures(60, 1.04), prune(1))).toBeUndefined();
    expect(speedIssue(figures(100, 1), figures(60, 0.7), prune(1))).toBeUndefined();
    expect(speedIssue(figures(100, null), figures(60, 1.4), prune(1))).toBeUndefined();
    expect(speedIssue(figures(100, 1), figures(100, 1.4), prune(1))).toBeUndefined();
  });
});
