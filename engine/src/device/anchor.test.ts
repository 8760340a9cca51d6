import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildModel, constant, fed } from '../ops/testing/one-node';
import { anchorProfile } from './anchor';
import { estimate } from './estimate';
import { findTarget, targetsOf } from './find-target';
import { profileSchema, type Target } from './profile';
import { knownDevices } from './profiles';
import { workloadOf } from './workload';

/** A convolution of so many channels with a kernel of so many pixels, between two pointwise ones. */
function network(channels: number, pixels: number) {
  const wide = constant('float', [channels, channels, pixels, pixels]);
  const pads = Array.from({ length: 4 }, () => pixels >> 1);
  return workloadOf(
    buildModel({
      title: '',
      given: {
        x: fed('float', [1, channels, 28, 28]),
        'a.weight': constant('float', [channels, channels, 1, 1]),
        'b.weight': wide,
      },
      nodes: [
        { op: 'Conv', in: ['x', 'a.weight'], out: ['a'] },
        { op: 'Relu', in: ['a'], out: ['r'] },
        { op: 'Conv', in: ['r', 'b.weight'], out: ['b'], attributes: { pads } },
      ],
    }),
  );
}

const target = findTarget('raspberry-pi-4', knownDevices);
const published = (workload: ReturnType<typeof network>, of: Target = target) =>
  estimate(workload, of).ms;

test('one model moves all estimates its way, and its own nearly all of it', () => {
  const [timed, other] = [network(64, 3), network(32, 5)];
  fc.assert(
    fc.property(fc.double({ min: 0.4, max: 2.5, noNaN: true }), (factor) => {
      const ms = factor * published(timed);
      const profile = anchorProfile(target, [{ model: 'a.onnx', workload: timed, ms }]);
      expect(profileSchema.safeParse(profile).success).toBe(true);
      const anchored = { ...target, profile };
      const moved = Math.log(published(timed, anchored) / published(timed));
      expect(Math.abs(moved - Math.log(factor))).toBeLessThan(0.05);
      if (Math.abs(Math.log(factor)) < 0.1) return;
      const shift = Math.log(published(other, anchored) / published(other)) / Math.log(factor);
      expect(shift).toBeGreaterThan(0.5);
      expect(shift).toBeLessThan(1.5);
    }),
    { numRuns: 30 },
  );
});

test('times as published change nothing', () => {
  const workload = network(48, 3);
  const ms = published(workload);
  const profile = anchorProfile(target, [{ model: 'a.onnx', workload, ms }]);
  expect(published(network(96, 1), { ...target, profile })).toBeCloseTo(
    published(network(96, 1)),
    3,
  );
  expect(profile.anchors![0].estimatedMs / ms).toBeCloseTo(1, 3);
});

test('several models narrow the interval and tell classes apart', () => {
  const [dense, wide] = [network(64, 3), network(64, 1)];
  const anchors = [
    { model: 'dense.onnx', workload: dense, ms: 2 * published(dense) },
    { model: 'wide.onnx', workload: wide, ms: published(wide) },
  ];
  const [one, two] = [anchors.slice(0, 1), anchors].map((each) => anchorProfile(target, each));
  const width = ({ interval }: typeof one) => interval!.q90 - interval!.q10;
  expect(width(two)).toBeLessThan(width(one));
  const ratio = ({ ...profile }: typeof one) =>
    published(dense, { ...target, profile }) / published(wide, { ...target, profile });
  expect(ratio(two)).toBeGreaterThan(1.3 * ratio(one));
});

test('every published profile can be anchored, and no bound', () => {
  const workload = network(16, 3);
  for (const each of targetsOf(knownDevices)) {
    const anchor = () => anchorProfile(each, [{ model: 'a.onnx', workload, ms: 3 }]);
    if (each.profile.origin === 'spec') expect(anchor).toThrow(/data sheet/);
    else expect(published(workload, { ...each, profile: anchor() })).toBeGreaterThan(1);
  }
});
