import { describe, expect, test } from 'vitest';
import { findLayers } from '../inspect/layers';
import { inferTypes } from '../ops/infer';
import { buildModel, constant, fed } from '../ops/testing/one-node';
import { estimate } from './estimate';
import { findTarget, targetsOf } from './find-target';
import { knownDevices } from './profiles';
import { workloadOf } from './workload';

const model = buildModel({
  title: '',
  given: {
    x: fed('float', [1, 8, 32, 32]),
    'a.weight': constant('float', [16, 8, 3, 3]),
    'b.weight': constant('float', [16, 16, 1, 1]),
  },
  nodes: [
    { op: 'Conv', in: ['x', 'a.weight'], out: ['a'], attributes: { pads: [1, 1, 1, 1] } },
    { op: 'Relu', in: ['a'], out: ['r'] },
    { op: 'Conv', in: ['r', 'b.weight'], out: ['b'] },
  ],
});

describe.each(targetsOf(knownDevices).filter(({ profile }) => profile.cost.form !== 'bound'))(
  '$device.name $profile.runtime',
  (target) => {
    test('the layers and the rest make up the whole', () => {
      const found = estimate(workloadOf(model), target);
      const layers = Object.values(found.layers).map((each) => ('ms' in each ? each.ms : 0));
      expect(layers.reduce((sum, ms) => sum + ms, found.restMs)).toBeCloseTo(found.ms, 9);
      expect(found.ms).toBeGreaterThan(0);
      const names = findLayers(model, inferTypes(model, {})).map(({ name }) => name);
      expect(Object.keys(found.layers).sort()).toEqual(names.sort());
    });
  },
);

test('a device is found by its id or by its variant', () => {
  const device = knownDevices.find(({ id }) => id === 'raspberry-pi-4')!;
  const [all, one] = device.profiles;
  expect(findTarget('raspberry-pi-4', knownDevices)).toEqual({ device, profile: all });
  expect(findTarget('raspberry-pi-4/ncnn-cpu-t1', knownDevices)).toEqual({ device, profile: one });
  expect(() => findTarget('toaster', knownDevices)).toThrow(/raspberry-pi-4/);
});
