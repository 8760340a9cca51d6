import { describe, expect, test } from 'vitest';
import { publishedDevices } from '../../../../bench/device/devices';
import { errorFigures } from '../../../../bench/device/errors';
import {
  fitPublished,
  published,
  type PublishedKind,
} from '../../../../bench/device/fit-published';
import { leaveOneModelOut } from '../../../../bench/device/leave-one-out';
import { measurementsExist } from '../../../../bench/device/ncnn-data';
import { costOf } from '../fit/cost';
import { differences } from '../fit/differences';
import { findRules } from '../lowering';
import type { Profile, RooflineCost } from '../profile';
import { targetId } from '../profile';
import { targetsOf } from '../find-target';
import { knownDevices } from '.';

const targets = targetsOf(knownDevices);

test('no two profiles have the same name, and none has rules that do not exist', () => {
  const ids = targets.map(targetId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(80);
  for (const { profile } of targets) expect(findRules(profile.lowering.rules)).toBeDefined();
});

test('all devices are in the registry, in the order of the bench', () => {
  expect(knownDevices.map(({ id }) => id).sort()).toEqual(
    publishedDevices.map(({ id }) => id).sort(),
  );
});

test('every estimate says how far off it may be, and no bound does', () => {
  for (const { profile } of targets) {
    expect(profile.interval === undefined).toBe(profile.origin === 'spec');
    expect(profile.cost.form === 'bound').toBe(profile.origin === 'spec');
    if (profile.interval) expect(profile.interval.q10).toBeLessThan(profile.interval.q90);
  }
});

/** The profiles that runs of one kind gave, with the ids of their runs. */
function profilesOf(kind: PublishedKind): { run: string; profile: Profile }[] {
  return targets
    .filter(({ profile }) => {
      const { provider, precision } = profile.runtime;
      if (profile.origin !== 'published') return false;
      return kind === (precision === 'int8' ? `${provider}-int8` : provider);
    })
    .map(({ profile }) => {
      const line = / line (\d+)$/.exec(profile.source.text)![1];
      return { run: `ncnn-${line.padStart(5, '0')}`, profile };
    });
}

const kinds: readonly PublishedKind[] = ['cpu', 'vulkan', 'cpu-int8'];

describe.skipIf(!measurementsExist)('published profiles (need ../shared)', () => {
  test.each(kinds)('%s: a new fit gives the same figures', (kind) => {
    const data = published(kind);
    const fleet = fitPublished(data);
    for (const { run, profile } of profilesOf(kind)) {
      const index = data.runs.findIndex(({ id }) => id === run);
      const [stored, again] = [profile.cost as RooflineCost, costOf(fleet, index)].map(figures);
      expect(Object.keys(stored)).toEqual(Object.keys(again));
      for (const [name, value] of Object.entries(again)) {
        expect(Math.abs(stored[name] / value - 1), `${run} ${name}`).toBeLessThan(0.005);
      }
    }
    if (kind === 'cpu-int8') return;
    const { rates, covariance } = differences[kind];
    expect(rates).toEqual([...fleet.layout.classes, 'memory', 'overhead']);
    covariance.forEach((value, i) =>
      expect(Math.abs(value - fleet.prior.covariance[i])).toBeLessThan(0.005),
    );
  });

  test.runIf(process.env.COPPICE_FULL).each(kinds)(
    '%s: models left out give the same errors (COPPICE_FULL)',
    (kind) => {
      const data = published(kind);
      const pairs = leaveOneModelOut(data.models, data.times);
      for (const { run, profile } of profilesOf(kind)) {
        const index = data.runs.findIndex(({ id }) => id === run);
        const { n, q10, q90, ...error } = errorFigures(pairs[index]);
        expect(profile.interval).toMatchObject({ n, basis: 'leave-one-model-out' });
        expect(Math.abs(profile.interval!.q10 - q10)).toBeLessThan(0.005);
        expect(Math.abs(profile.interval!.q90 - q90)).toBeLessThan(0.005);
        for (const [name, value] of Object.entries(error)) {
          const stored = profile.error![name as keyof typeof error];
          expect(Math.abs(stored - value), `${run} ${name}`).toBeLessThan(0.005);
        }
      }
    },
  );
});

function figures({ classes, shape, memory, overhead }: RooflineCost): Record<string, number> {
  return { ...classes, ...shape, memory, overhead };
}
