import { describe, expect, test } from 'vitest';
import type { Inspection } from '#protocol/inspection';
import type { Model } from '../ir/model';
import { layerOfWeight } from '../ir/layer-name';
import {
  buildModel,
  constant,
  fed,
  subgraph,
  type Case,
  type NodeSpec,
} from '../ops/testing/one-node';
import { compareModels } from './diff';
import { comparisonTable } from './diff-table';
import { inspect } from './inspect';
import { inspectionTable } from './table';

function model(
  given: Case['given'],
  nodes: readonly NodeSpec[],
  outputs?: readonly string[],
): Model {
  return buildModel({ title: '', given, nodes, outputs });
}

function inspected(given: Case['given'], nodes: readonly NodeSpec[]): Inspection {
  return inspect(model(given, nodes), { path: 'm.onnx' });
}

const image = fed('float', [1, 3, 8, 8]);

describe('layers', () => {
  test('a shared weight counts once in the totals', () => {
    const { layers, totals } = inspected(
      { x: fed('float', [1, 4]), 'w.weight': constant('float', [4, 4]) },
      [
        { op: 'MatMul', in: ['x', 'w.weight'], out: ['a'] },
        { op: 'MatMul', in: ['a', 'w.weight'], out: ['b'] },
      ],
    );
    expect(layers.map(({ name, params }) => [name, params])).toEqual([
      ['w', 16],
      ['w_2', 16],
    ]);
    expect(totals).toMatchObject({ params: 16, macs: 32, weightBytes: 64 });
  });

  test('weights are seen through casts, transposes, dequantization and fills', () => {
    const { layers, totals } = inspected(
      {
        x: image,
        'a.weight': constant('float16', [4, 3, 1, 1]),
        'b.weight_q': constant('int8', [5, 4, 1, 1]),
        scale: constant('float', [5]),
        zero: constant('int8', [5]),
        size: constant('int64', [4], [6, 5, 3, 3]),
        table: constant('float', [6, 7]),
      },
      [
        { op: 'Cast', in: ['a.weight'], out: ['aw'], attributes: { to: 1 } },
        { op: 'Conv', in: ['x', 'aw'], out: ['a'] },
        {
          op: 'DequantizeLinear',
          in: ['b.weight_q', 'scale', 'zero'],
          out: ['bw'],
          attributes: { axis: 0 },
        },
        { op: 'Conv', in: ['a', 'bw'], out: ['b'] },
        { op: 'ConstantOfShape', in: ['size'], out: ['c.weight'] },
        { op: 'Conv', in: ['b', 'c.weight'], out: ['c'] },
        { op: 'GlobalAveragePool', in: ['c'], out: ['pooled'] },
        { op: 'Flatten', in: ['pooled'], out: ['flat'] },
        { op: 'Transpose', in: ['table'], out: ['turned'] },
        { op: 'Gemm', in: ['flat', 'turned'], out: ['y'], attributes: { transB: 1 } },
      ],
    );
    expect(layers.map(({ name, params, weightBytes }) => [name, params, weightBytes])).toEqual([
      ['a', 12, 24],
      ['b', 20, 20 + 20 + 5],
      ['c', 270, 1_080],
      ['Gemm_y', 42, 168],
    ]);
    // The scales, the zero points and the four integers of the size.
    expect(totals).toMatchObject({ params: 344, buffers: 14, layers: 4 });
  });

  test('the bias that an Add holds belongs to the product before it', () => {
    const { layers } = inspected(
      {
        x: fed('float', [2, 4]),
        m: constant('float', [4, 5]),
        'query.bias': constant('float', [5]),
      },
      [
        { op: 'MatMul', in: ['x', 'm'], out: ['a'] },
        { op: 'Add', in: ['query.bias', 'a'], out: ['y'] },
      ],
    );
    expect(layers).toMatchObject([{ name: 'query', op: 'MatMul', params: 25, macs: 40 }]);
  });

  test('numbers that set the arithmetic make no layer', () => {
    const { layers, totals } = inspected({ x: image, six: constant('float', [], [6]) }, [
      { op: 'Div', in: ['x', 'six'], out: ['y'] },
    ]);
    expect(layers).toEqual([]);
    expect(totals).toMatchObject({ params: 0, buffers: 1 });
  });

  test('branches hold layers too, and the dearer one is counted', () => {
    const branch = (weight: string) =>
      subgraph({}, [{ op: 'MatMul', in: ['x', weight], out: [`${weight}_out`] }], {
        [`${weight}_out`]: 'float',
      });
    const { layers, totals } = inspected(
      {
        x: fed('float', [1, 4]),
        c: fed('bool', []),
        'small.weight': constant('float', [4, 2]),
        'large.weight': constant('float', [4, 8]),
      },
      [
        {
          op: 'If',
          in: ['c'],
          out: ['y'],
          attributes: { then_branch: branch('small.weight'), else_branch: branch('large.weight') },
        },
      ],
    );
    expect(layers.map(({ name, macs }) => [name, macs])).toEqual([
      ['small', 8],
      ['large', 32],
    ]);
    expect(totals).toMatchObject({ params: 40, macs: 32 });
  });
});

test.each([
  ['layer1.0.conv1.weight', 'layer1.0.conv1'],
  ['encoder/dense/kernel:0', 'encoder/dense'],
  ['encoder/dense/kernel/read', 'encoder/dense'],
  ['conv2d_0.w_0', 'conv2d_0'],
  ['rnn.weight_ih_l0_reverse', 'rnn'],
  ['attn.in_proj_weight', 'attn'],
  ['fc.weight_quantized', 'fc'],
  ['fc.weight_q', 'fc'],
  ['conv1_w_0', 'conv1'],
  ['onnx::Conv_193', undefined],
  ['193', undefined],
  ['weight', undefined],
  ['Parameter5', undefined],
])('the weight %s belongs to the layer %s', (weight, layer) => {
  expect(layerOfWeight(weight)).toBe(layer);
});

describe('memory of activations', () => {
  const size = 4 * 3 * 64;

  test('is that of the values alive together', () => {
    const { totals } = inspected({ x: image }, [
      { op: 'Relu', in: ['x'], out: ['a'] },
      { op: 'Relu', in: ['a'], out: ['b'] },
      { op: 'Add', in: ['a', 'b'], out: ['y'] },
    ]);
    expect(totals.peakActivationBytes).toBe(3 * size);
  });

  test('does not count a reshaped value twice', () => {
    const { totals } = inspected({ x: image }, [
      { op: 'Relu', in: ['x'], out: ['a'] },
      { op: 'Flatten', in: ['a'], out: ['b'] },
      { op: 'Relu', in: ['b'], out: ['y'] },
    ]);
    expect(totals.peakActivationBytes).toBe(2 * size);
  });

  test('is not stated where a type is unknown', () => {
    const { totals, issues } = inspected({ x: image }, [
      { op: 'Mystery', domain: 'acme', in: ['x'], out: ['y'] },
    ]);
    expect(totals.peakActivationBytes).toBeNull();
    expect(issues).toMatchObject([{ severity: 'information', code: 'unknown-operator' }]);
  });
});

test('a layer reads its inputs and weights and writes its output', () => {
  const { layers } = inspected({ x: image, w: constant('float', [4, 3, 3, 3]) }, [
    { op: 'Conv', in: ['x', 'w'], out: ['y'] },
  ]);
  expect(layers[0]).toMatchObject({
    bytesRead: 4 * (3 * 64 + 4 * 27),
    bytesWritten: 4 * 4 * 36,
  });
});

test('a value made of itself a thousand times is one constant', () => {
  const doubling = Array.from({ length: 1_000 }, (_, i) => ({
    op: 'Add',
    in: [i === 0 ? 'w' : `w${i}`, i === 0 ? 'w' : `w${i}`],
    out: [`w${i + 1}`],
  }));
  const { totals } = inspected({ x: fed('float', [1, 2]), w: constant('float', [2, 2]) }, [
    ...doubling,
    { op: 'MatMul', in: ['x', 'w1000'], out: ['y'] },
  ]);
  expect(totals).toMatchObject({ params: 4, layers: 1 });
});

describe('open sizes', () => {
  const open = () => {
    const made = model({ x: image, 'conv.weight': constant('float', [4, 3, 3, 3]) }, [
      { op: 'Conv', in: ['x', 'conv.weight'], out: ['y'] },
    ]);
    const dims = made.graph!.input[0].type!.tensorType!.shape!.dim;
    dims[0] = { dimParam: 'n' };
    dims[2] = { dimParam: 'h' };
    return made;
  };

  test('count as assumed, which is said', () => {
    const { totals, layers, issues } = inspect(open(), { path: '' });
    expect(layers[0].outputShape).toEqual(['n', 4, 'h - 2', 6]);
    expect(totals.macs).toBe(4 * 222 * 6 * 27);
    expect(issues).toMatchObject([{ severity: 'information', code: 'assumed-size' }]);
    expect(issues[0].message).toContain('h = 224');
  });

  test('count as bound', () => {
    const { totals, layers, issues } = inspect(open(), { path: '', bind: { h: 10, n: 2 } });
    expect(layers[0].outputShape).toEqual([2, 4, 8, 6]);
    expect(totals.macs).toBe(2 * 4 * 8 * 6 * 27);
    expect(issues).toEqual([]);
  });
});

describe('what is printed', () => {
  const given = {
    x: fed('float', [1, 4]),
    'first.with.a.very.long.name.weight': constant('float', [4, 300]),
    'second.weight': constant('float', [300, 2]),
  };
  const nodes: NodeSpec[] = [
    { op: 'MatMul', in: ['x', 'first.with.a.very.long.name.weight'], out: ['h'] },
    { op: 'MatMul', in: ['h', 'second.weight'], out: ['y'] },
  ];

  test('a table of layers that fits the width', () => {
    const lines = inspectionTable(inspected(given, nodes), 84).split('\n');
    expect(lines).toContain(
      'first.with.…y.long.name  MatMul  [1, 300]  1.20 k  1.20 k  4.80 kB  █████     66.7 %',
    );
    expect(lines).toContain(
      'second                   MatMul  [1, 2]       600     600  2.40 kB  ███       33.3 %',
    );
    expect(lines.slice(3).every((line) => line.length <= 84 || line.includes('·'))).toBe(true);
  });

  test('what differs between two models', () => {
    const smaller = { ...given, 'second.weight': constant('float', [300, 1]) };
    const third: NodeSpec = { op: 'Mul', in: ['y', 'gate.weight'], out: ['z'] };
    const before = { model: model(given, nodes), path: 'a.onnx' };
    const after = {
      model: model({ ...smaller, 'gate.weight': constant('float', [1, 5]) }, [...nodes, third]),
      path: 'b.onnx',
    };
    const comparison = compareModels(before, after);
    expect(comparison.layers).toMatchObject([
      { name: 'first.with.a.very.long.name' },
      { name: 'second', before: { params: 600 }, after: { params: 300 } },
      { name: 'gate', before: null, after: { params: 5 } },
    ]);
    expect(comparison.operators).toEqual([{ op: 'Mul', before: 0, after: 1 }]);
    expect(comparison.shapes).toContainEqual({ name: 'second', before: [1, 2], after: [1, 1] });
    const text = comparisonTable(comparison, 100);
    expect(text).toContain('second  MatMul     2 → 1  600 → 300  600 → 300');
    expect(text).toContain('Mul: 0 → 1');
    expect(text).toContain('3 layers, 1 changed, 0 removed, 1 added');
  });

  test('a renamed layer is found by its structure', () => {
    const renamed = {
      x: given.x,
      n1: given['first.with.a.very.long.name.weight'],
      n2: given['second.weight'],
    };
    const other: NodeSpec[] = [
      { op: 'MatMul', in: ['x', 'n1'], out: ['h'] },
      { op: 'MatMul', in: ['h', 'n2'], out: ['y'] },
    ];
    const { layers } = compareModels(
      { model: model(given, nodes), path: '' },
      { model: model(renamed, other), path: '' },
    );
    expect(
      layers.map(({ before, after }) => before && after && before.params === after.params),
    ).toEqual([true, true]);
  });
});
