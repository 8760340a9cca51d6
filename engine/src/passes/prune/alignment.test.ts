import { describe, expect, test } from 'vitest';
import type { ChannelGroup } from '../../channels/group';
import { findTarget } from '../../device/find-target';
import type { Target } from '../../device/profile';
import { knownDevices } from '../../device/profiles';
import type { CostOf } from './allocate';
import { misaligned } from './alignment';

const pi = findTarget('raspberry-pi-4', knownDevices);
const lowering = { ...pi.profile.lowering, block: 8 };
const device: Target = { device: pi.device, profile: { ...pi.profile, lowering } };

const group = { units: 30, channels: 30 } as ChannelGroup;
const ranked = [{ group }, { group }];

/** Groups whose channels are not multiples of 8 take three times as long. */
const trap: CostOf = (kept) =>
  kept.reduce((sum, count) => sum + count * (count % 8 === 0 || count === 30 ? 1 : 3), 0);
const even: CostOf = (kept) => kept.reduce((sum, count) => sum + count, 0);

const issuesOf = (kept: number[], cost: CostOf, round: number | undefined, target?: Target) =>
  misaligned(ranked, kept, { of: () => cost }, { round }, target);

describe('counts that the blocks of a device do not divide', () => {
  test('are warned of where the next multiples are faster', () => {
    const [issue] = issuesOf([21, 16], trap, 1, device);
    expect(issue).toMatchObject({ severity: 'warning', code: 'misaligned' });
    expect(issue.message).toContain('79 ms');
    expect(issue.message).toContain('slower than the original with 60 ms');
    expect(issue.message).toContain('40 ms');
  });

  test('may stay the original ones', () => {
    // 25 and more have no multiple of 8 above them but all 30.
    const [issue] = issuesOf([25, 16], trap, 1, device);
    expect(issue.message).toContain('46 ms');
  });

  test('are nothing to speak of where they cost nothing, were rounded, or without a device', () => {
    expect(issuesOf([21, 16], even, 1, device)).toEqual([]);
    expect(issuesOf([24, 16], trap, 8, device)).toEqual([]);
    expect(issuesOf([24, 16], trap, 1, device)).toEqual([]);
    expect(issuesOf([21, 16], trap, 1)).toEqual([]);
  });
});
