/** Figures of trained models against those that their notes state. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataTypeOf } from '../ir/data-type';
import { elementCount } from '../ir/tensor';
import { allGraphs } from '../ir/traverse';
import type { Model, Tensor } from '../ir/model';
import { readModelFile } from '../onnx/read';
import { compareModels } from './diff';
import { inspect } from './inspect';

const folder = join(process.cwd(), '..', 'shared', 'models');
const present = existsSync(folder);

function open(name: string): Model {
  return readModelFile(join(folder, `${name}.onnx`)).model;
}

/** Sizes at which the notes count the MACs of models with open ones. */
const sizes: Readonly<Record<string, Record<string, number>>> = {
  'ppocr-cls': { 'p2o.DynamicDimension.1': 48, 'p2o.DynamicDimension.2': 192 },
  'ppocrv4-det': { 'p2o.DynamicDimension.1': 320, 'p2o.DynamicDimension.2': 320 },
  'ppocrv4-rec': { 'p2o.DynamicDimension.1': 320 },
};

interface Stated {
  readonly name: string;
  readonly params: number;
  /** As stated: `40.6 M`, `> 650 M at w=320`, `≈ 69 M`, `–`. */
  readonly macs: string;
}

/** The rows of the tables whose first column is a file and that have a column of params. */
function statedFigures(): Stated[] {
  const lines = readFileSync(join(folder, 'README.md'), 'utf8').split('\n');
  let columns: string[] = [];
  return lines.flatMap((line): Stated[] => {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells[1] === 'file') columns = cells;
    const file = /^([\w.-]+)\.onnx/.exec(cells[1] ?? '')?.[1];
    const [params, macs] = ['params', 'MACs'].map((title) => cells[columns.indexOf(title)] ?? '');
    return file && params ? [{ name: file, params: Number(params.replaceAll(',', '')), macs }] : [];
  });
}

describe.skipIf(!present)('models of ../shared/models (skipped without them)', () => {
  const stated = present ? statedFigures() : [];

  test('all of them state their figures', () => {
    expect(stated.length).toBeGreaterThanOrEqual(23);
  });

  test.each(stated)(
    '$name has the params and MACs that its notes state',
    ({ name, params, macs }) => {
      const { totals } = inspect(open(name), { path: name, bind: sizes[name] });
      expect(totals.params + totals.buffers).toBe(params);
      const [, relation, figure] = /^([>≈]?)\s*([\d.]+) M/.exec(macs) ?? [];
      if (figure === undefined) return;
      const millions = totals.macs / 1e6;
      if (relation === '>') expect(millions).toBeGreaterThan(Number(figure));
      else expect(millions.toFixed(figure.split('.')[1]?.length ?? 0)).toBe(figure);
    },
  );

  test.each([
    ['light_resnet50', 25_557_032, 4.09],
    ['light_vgg19', 143_667_240, 19.63],
  ])('%s, whose weights nodes make, has the published params and GMACs', (name, params, macs) => {
    const { totals } = inspect(open(`light/${name}`), { path: name });
    expect(totals.params).toBe(params);
    expect(Number((totals.macs / 1e9).toFixed(2))).toBe(macs);
  });

  test('layers carry the names that PyTorch gave their weights', () => {
    const { layers } = inspect(open('resnet20-cifar10-bn'), { path: '' });
    expect(layers.slice(0, 4)).toMatchObject([
      { name: 'conv1', op: 'Conv', params: 432, macs: 442_368, channels: 16 },
      { name: 'bn1', op: 'BatchNormalization', params: 32, weightBytes: 256 },
      { name: 'layer1.0.conv1', outputShape: ['batch', 16, 32, 32], params: 2_304 },
      { name: 'layer1.0.bn1' },
    ]);
    expect(layers.at(-1)).toMatchObject({ name: 'linear', op: 'Gemm', params: 650, macs: 640 });
  });

  test.each([
    ['resnet20-cifar10-folded', '/layer1/layer1.0/conv1/Conv'],
    ['ppocr-cls', 'batch_norm_0'],
    ['squeezenet_v1.0-deepcompressed', 'fire2/conv1x1_1'],
    ['mobilenet_v2_1.0_224-qdq-int8', 'MobileNetV2/Conv2d_0_0/relu6/Relu6'],
    ['ultraface-rfb320', 'base_net.1.3'],
    ['light/light_resnet50', 'gpu_0/res2_0_branch2a'],
    ['silero-vad-16k', 'model.decoder.rnn'],
  ])('%s has the layer %s, and no two of the same name', (name, layer) => {
    const names = inspect(open(name), { path: '' }).layers.map((each) => each.name);
    expect(names).toContain(layer);
    expect(new Set(names).size).toBe(names.length);
  });

  test('quantizing changes neither the params nor the layers', () => {
    const [plain, quantized] = ['', '-qdq-int8'].map((suffix) => ({
      model: open(`resnet8-cifar10${suffix}`),
      path: suffix,
    }));
    const comparison = compareModels(plain, quantized);
    expect(comparison.after.totals.params).toBe(comparison.before.totals.params);
    expect(comparison.layers.every(({ before, after }) => before && after)).toBe(true);
    expect(comparison.operators).toEqual([
      { op: 'DequantizeLinear', before: 0, after: 35 },
      { op: 'QuantizeLinear', before: 0, after: 15 },
    ]);
  });

  test('folding BatchNormalization removes its layers and keeps the MACs', () => {
    const [before, after] = ['bn', 'folded'].map((kind) => ({
      model: open(`resnet20-cifar10-${kind}`),
      path: kind,
    }));
    const { layers, operators, ...totals } = compareModels(before, after);
    expect(totals.after.totals.macs).toBe(totals.before.totals.macs);
    expect(operators).toEqual([{ op: 'BatchNormalization', before: 19, after: 0 }]);
    expect(layers.filter((each) => !each.after && each.op === 'BatchNormalization')).toHaveLength(
      19,
    );
  });

  test.each(['resnet20-cifar10-bn', 'ppocrv4-rec', 'silero-vad-16k', 'resnet8-cifar10-qdq-int8'])(
    '%s is inspected without reading a weight',
    (name) => {
      const model = open(name);
      const expected = inspect(model, { path: '', values: true });
      for (const tensor of weights(model)) lock(tensor);
      expect(inspect(model, { path: '', values: true })).toEqual(expected);
    },
  );
});

/** Constants other than single numbers and the integers that spell shapes and axes. */
function weights(model: Model): Tensor[] {
  return [...allGraphs(model)].flatMap((graph) => [
    ...graph.initializer.filter(isWeight),
    ...graph.node.flatMap((node) =>
      node.attribute.flatMap(({ t }) => (t && isWeight(t) ? [t] : [])),
    ),
  ]);
}

function isWeight(tensor: Tensor): boolean {
  const name = dataTypeOf(tensor.dataType)?.name;
  if (name === 'int64' || name === 'bool') return false;
  return elementCount(tensor) > (name === 'int32' ? 8 : 1);
}

function lock(tensor: Tensor): void {
  for (const field of ['rawData', 'floatData', 'int32Data', 'external'] as const) {
    const payload = tensor[field];
    if (!payload) continue;
    tensor[field] = {
      byteLength: payload.byteLength,
      read: () => {
        throw new Error(`The weight ${tensor.name ?? ''} was read.`);
      },
    };
  }
}
