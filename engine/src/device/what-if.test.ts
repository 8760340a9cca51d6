import { describe, expect, test } from 'vitest';
import { buildModel, constant, fed, type Given, type NodeSpec } from '../ops/testing/one-node';
import { estimate } from './estimate';
import { targetsOf } from './find-target';
import type { LayerNumbers } from './layer-numbers';
import { knownDevices } from './profiles';
import { targetId } from './profile';
import { whatIf } from './what-if';
import { workloadOf } from './workload';

const targets = targetsOf(knownDevices).filter(({ profile }) => profile.cost.form !== 'bound');

interface Sizes {
  readonly channels?: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly features?: number;
}

/** a → Relu → b, with a shortcut around b; then the mean and a product. */
function network({ channels = 16, kernel = 3, stride = 1, groups = 1, features = 10 }: Sizes) {
  const given: Record<string, Given> = {
    x: fed('float', [1, 8, 32, 32]),
    'a.weight': constant('float', [channels, 8 / groups, kernel, kernel]),
    'b.weight': constant('float', [channels, channels, 1, 1]),
    'fc.weight': constant('float', [channels, features]),
  };
  const pad = (kernel - 1) / 2;
  const attributes = { pads: [pad, pad, pad, pad], strides: [stride, stride], group: groups };
  const nodes: NodeSpec[] = [
    { op: 'Conv', in: ['x', 'a.weight'], out: ['a'], attributes },
    { op: 'Relu', in: ['a'], out: ['r'] },
    { op: 'Conv', in: ['r', 'b.weight'], out: ['b'] },
    { op: 'Add', in: ['b', 'r'], out: ['s'] },
    { op: 'GlobalAveragePool', in: ['s'], out: ['p'] },
    { op: 'Flatten', in: ['p'], out: ['f'] },
    { op: 'MatMul', in: ['f', 'fc.weight'], out: ['y'] },
  ];
  return workloadOf(buildModel({ title: '', given, nodes }));
}

const exported = network({});

describe('a layer with other numbers costs what it costs in a model that was made so', () => {
  const cases: [string, LayerNumbers, Sizes][] = [
    ['a', { outChannels: 24 }, { channels: 24 }],
    ['a', { kernel: [5], padding: [2] }, { kernel: 5 }],
    ['a', { kernel: [1], padding: [0] }, { kernel: 1 }],
    ['a', { stride: [2] }, { stride: 2 }],
    ['a', { groups: 4 }, { groups: 4 }],
    ['fc', { outChannels: 100 }, { features: 100 }],
    ['fc', { inChannels: 32 }, { channels: 32 }],
  ];
  test.each(cases)('%s %j', (layer, numbers, sizes) => {
    const found = whatIf(exported, layer, numbers, targets)!;
    const made = network(sizes);
    const [node] = [...made.layers].find(([, name]) => name === layer)!;
    expect(found.macs.after).toBe(made.macs(node));
    expect(found.output.after).toEqual(made.shape(node.output[0]));
    for (const target of targets) {
      const ms = found.ms[targetId(target)];
      expect(ms.before).toBeCloseTo(msOf(layer, exported, target), 9);
      expect(ms.after).toBeCloseTo(msOf(layer, made, target), 9);
    }
  });
});

function msOf(layer: string, workload: typeof exported, target: (typeof targets)[number]): number {
  const found = estimate(workload, target).layers[layer];
  return 'ms' in found ? found.ms : 0;
}

test('neighbours that must follow are named, and what mixes channels ends the search', () => {
  expect(whatIf(exported, 'a', { outChannels: 24 }, targets)?.neighbours).toEqual(['b', 'fc']);
  expect(whatIf(exported, 'b', { inChannels: 24 }, targets)?.neighbours).toEqual(['a']);
  expect(whatIf(exported, 'a', { stride: [2] }, targets)?.neighbours).toEqual([]);
});

test('the numbers that the model has, unknown layers and impossible numbers give nothing', () => {
  const own = {
    inChannels: 8,
    outChannels: 16,
    groups: 1,
    kernel: [3, 3],
    stride: [1],
    padding: [1],
  };
  expect(whatIf(exported, 'a', own, targets)).toBeUndefined();
  // Padding may be a node of its own.
  expect(whatIf(exported, 'a', { padding: [0] }, targets)).toBeUndefined();
  expect(whatIf(exported, 'nobody', { outChannels: 3 }, targets)).toBeUndefined();
  expect(whatIf(exported, 'a', { groups: 3 }, targets)).toBeUndefined();
  expect(whatIf(exported, 'a', { groups: 0 }, targets)).toBeUndefined();
  expect(whatIf(exported, 'a', { kernel: [99] }, targets)).toBeUndefined();
  expect(whatIf(exported, 'a', { stride: [0] }, targets)).toBeUndefined();
});
