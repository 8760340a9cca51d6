import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedModels } from '../../../../../bench/device/ncnn-data';
import { loadModel } from '../../../onnx/load';
import { buildModel, constant, fed } from '../../../ops/testing/one-node';
import { estimate } from '../../estimate';
import { findTarget } from '../../find-target';
import type { Kernel } from '../../kernel';
import { knownDevices } from '../../profiles';
import { workloadOf } from '../../workload';
import { ncnn } from '.';

const shared = resolve('../shared');

function lowered(file: string): readonly Kernel[] {
  return ncnn.lower(workloadOf(loadModel(`${shared}/models/${file}.onnx`).model), 4);
}

/** Kernels and millions of multiply-accumulates of each class that multiplies. */
function totals(kernels: readonly Kernel[]): Record<string, { count: number; macs: number }> {
  const result: Record<string, { count: number; macs: number }> = {};
  for (const { class: name, size } of kernels) {
    if (size.macs === 0) continue;
    const total = (result[name] ??= { count: 0, macs: 0 });
    total.count++;
    total.macs += size.macs / 1e6;
  }
  return result;
}

describe.skipIf(!existsSync(shared))('the layers ncnn lists (needs ../shared)', () => {
  const published = existsSync(shared) ? publishedModels() : new Map<string, readonly Kernel[]>();

  test('FastestDet has the same kernels in every class that computes', () => {
    const [ours, theirs] = [lowered('fastestdet-coco'), published.get('FastestDet')!].map(totals);
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const [name, { count, macs }] of Object.entries(theirs)) {
      expect(ours[name].count).toBe(count);
      expect(ours[name].macs).toBeCloseTo(macs, 6);
    }
  });

  test('VGG-19 is VGG-16 and three more convolutions', () => {
    const [ours, theirs] = [lowered('light/light_vgg19'), published.get('vgg16')!].map(totals);
    expect(ours.winograd.count).toBe(theirs.winograd.count + 3);
    for (const name of ['stem', 'fc']) {
      expect(ours[name].count).toBe(theirs[name].count);
      expect(ours[name].macs).toBeCloseTo(theirs[name].macs, 6);
    }
  });

  test('ResNet-50 differs in where its strides are', () => {
    const kernels = lowered('light/light_resnet50');
    const [ours, theirs] = [kernels, published.get('resnet50')!].map(totals);
    expect(ours.stem).toEqual(theirs.stem);
    expect(ours.conv1x1.count).toBe(theirs.conv1x1.count);
    expect(ours.winograd.count + ours.conv.count).toBe(theirs.winograd.count);
    const sums = (all: readonly Kernel[]) => all.filter((each) => each.class === 'elementwise');
    expect(sums(kernels).length).toBe(sums(published.get('resnet50')!).length);
  });

  test.each([
    ['light/light_inception_v1', 'googlenet', 0.12],
    ['light/light_shufflenet', 'shufflenet', 0.06],
    ['mobilenet_v2_1.0_224-fp32', 'mobilenet_v2', 0.05],
  ])('%s has about as many kernels and MACs as %s', (file, name, tolerance) => {
    const [ours, theirs] = [lowered(file), published.get(name)!].map((kernels) => ({
      count: Object.values(totals(kernels)).reduce((sum, { count }) => sum + count, 0),
      macs: Object.values(totals(kernels)).reduce((sum, { macs }) => sum + macs, 0),
    }));
    expect(Math.abs(ours.count - theirs.count)).toBeLessThanOrEqual(1);
    expect(Math.abs(ours.macs / theirs.macs - 1)).toBeLessThan(tolerance);
  });

  test.each([
    'ppocrv4-rec',
    'ppocrv4-det',
    'ppocr-cls',
    'silero-vad-16k',
    'ultraface-rfb320',
    'resnet8-cifar10-qdq-int8',
  ])('%s costs something finite everywhere', (file) => {
    const workload = workloadOf(loadModel(`${shared}/models/${file}.onnx`).model);
    const { ms } = estimate(workload, findTarget('raspberry-pi-4', knownDevices));
    expect(ms).toBeGreaterThan(0.1);
    expect(ms).toBeLessThan(1000);
  });
});

test('what is computed with a layer before it is no kernel of its own', () => {
  const model = buildModel({
    title: '',
    given: {
      x: fed('float', [1, 8, 16, 16]),
      w: constant('float', [8, 8, 3, 3]),
      ...Object.fromEntries(['s', 'b', 'm', 'v'].map((name) => [name, constant('float', [8])])),
      three: constant('float', []),
      six: constant('float', []),
      zero: constant('float', []),
    },
    nodes: [
      { op: 'Conv', in: ['x', 'w'], out: ['c'], attributes: { pads: [1, 1, 1, 1] } },
      { op: 'BatchNormalization', in: ['c', 's', 'b', 'm', 'v'], out: ['n'] },
      { op: 'Add', in: ['n', 'three'], out: ['a'] },
      { op: 'Clip', in: ['a', 'zero', 'six'], out: ['k'] },
      { op: 'Mul', in: ['n', 'k'], out: ['p'] },
      { op: 'Div', in: ['p', 'six'], out: ['h'] },
      { op: 'Relu', in: ['h'], out: ['r'] },
    ],
  });
  const kernels = ncnn.lower(workloadOf(model), 4);
  expect(kernels.map((kernel) => [kernel.op, kernel.class])).toEqual([
    ['Convolution', 'winograd'],
    ['HardSwish', 'activation'],
    ['ReLU', 'elementwise'],
  ]);
  expect(kernels.flatMap(({ nodes }) => nodes).length).toBe(7);
});
