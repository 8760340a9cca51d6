import { afterAll, describe, expect, test } from 'vitest';
import { checkGradient, closeTestRuntime } from '../../train/testing/check-gradient';
import { constant, fed, oneNode, type Case } from '../testing/one-node';

afterAll(closeTestRuntime);

/** Values of both signs that lie on no kink. */
function mixed(dims: readonly number[], shift = 0) {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const data = Array.from({ length: count }, (_, i) => {
    return shift + 1.7 * Math.sin(1 + 2.3 * i) + 0.1 * Math.cos(5 * i);
  });
  return fed('float', dims, data);
}

/** The same values in another order, so that each of two inputs is the larger one somewhere. */
function turned(dims: readonly number[]) {
  const { data, ...rest } = mixed(dims);
  return { ...rest, data: data.toReversed().map((value) => value + 0.05) };
}

const positive = (dims: readonly number[]) => {
  const { data, ...rest } = mixed(dims);
  return { ...rest, data: data.map((value) => 0.5 + Math.abs(value)) };
};

const ints = (...values: number[]) => constant('int64', [values.length], values);

const unary = [
  ...['Relu', 'LeakyRelu', 'Elu', 'Sigmoid', 'Tanh', 'HardSigmoid', 'HardSwish', 'Softplus'],
  ...['Softsign', 'Exp', 'Neg', 'Abs', 'Sin', 'Cos', 'Erf', 'Identity'],
].map((op) => oneNode(op, 'both signs', [mixed([2, 7])]));

const cases: readonly Case[] = [
  ...unary,
  ...['Log', 'Sqrt', 'Reciprocal'].map((op) => oneNode(op, 'positive', [positive([2, 5])])),
  ...['Gelu', 'FastGelu', 'QuickGelu'].map((op) =>
    oneNode(op, '', [mixed([9])], { domain: 'com.microsoft' }),
  ),
  ...['Add', 'Sub', 'Mul', 'Max', 'Min'].flatMap((op) => [
    oneNode(op, 'same shape', [mixed([2, 3]), turned([2, 3])]),
    oneNode(op, 'broadcast', [mixed([2, 3, 4]), mixed([3, 1], 0.3)]),
    oneNode(op, 'broadcast the other way', [mixed([4]), mixed([2, 1, 4], 0.3)]),
  ]),
  oneNode('Div', 'broadcast', [mixed([2, 3]), positive([3])]),
  oneNode('Pow', 'broadcast', [positive([2, 3]), mixed([3])]),
  oneNode('Sum', 'three', [mixed([2, 3]), mixed([3]), mixed([2, 1])]),
  oneNode('Mean', 'three', [mixed([2, 3]), mixed([3]), mixed([2, 1])]),
  oneNode('Where', '', [constant('bool', [3], [1, 0, 1]), mixed([2, 3]), mixed([3])]),
  oneNode('Clip', 'both bounds', [
    mixed([9]),
    constant('float', [], [-1]),
    constant('float', [], [0.8]),
  ]),
  oneNode('PRelu', 'by channel', [mixed([2, 3, 4]), positive([3, 1])]),
  oneNode('MatMul', 'matrices', [mixed([2, 3]), mixed([3, 4])]),
  oneNode('MatMul', 'a shared weight', [mixed([2, 5, 3]), mixed([3, 4])]),
  oneNode('MatMul', 'batches that broadcast', [mixed([2, 1, 2, 3]), mixed([4, 3, 2])]),
  oneNode('MatMul', 'a vector on the left', [mixed([3]), mixed([2, 3, 4])]),
  oneNode('MatMul', 'a vector on the right', [mixed([2, 3]), mixed([3])]),
  ...[
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map(([transA, transB]) =>
    oneNode(
      'Gemm',
      `transA ${transA}, transB ${transB}`,
      [mixed(transA ? [3, 2] : [2, 3]), mixed(transB ? [4, 3] : [3, 4]), mixed([4])],
      { attributes: { transA, transB, alpha: { f: 0.5 }, beta: { f: 2 } } },
    ),
  ),
  ...convolutions(),
  ...poolings(),
  oneNode('BatchNormalization', 'statistics of the batch', [
    mixed([3, 2, 2, 3]),
    positive([2]),
    mixed([2]),
    constant('float', [2], [0.1, 0.2]),
    constant('float', [2], [1, 2]),
  ]),
  oneNode('LayerNormalization', 'last axis', [mixed([2, 3, 5]), positive([5]), mixed([5])]),
  oneNode('LayerNormalization', 'two axes', [mixed([2, 3, 4]), positive([3, 4]), mixed([3, 4])], {
    attributes: { axis: 1 },
  }),
  oneNode('Softmax', 'last axis', [mixed([2, 5])]),
  oneNode('Softmax', 'axis 1', [mixed([2, 3, 2])], { attributes: { axis: 1 } }),
  oneNode('LogSoftmax', 'last axis', [mixed([2, 5])]),
  ...['ReduceSum', 'ReduceMean', 'ReduceSumSquare', 'ReduceL2', 'ReduceMax', 'ReduceMin'].flatMap(
    (op) => [
      oneNode(op, 'one axis', [mixed([2, 3, 4]), ints(1)], { opset: 18 }),
      oneNode(op, 'axes that go', [mixed([2, 3, 4]), ints(0, -1)], {
        attributes: { keepdims: 0 },
        opset: 18,
      }),
      oneNode(op, 'all axes', [mixed([2, 3])], { opset: 18 }),
    ],
  ),
  oneNode('Reshape', '', [mixed([2, 6]), ints(3, 4)]),
  oneNode('Flatten', '', [mixed([2, 3, 2])]),
  oneNode('Transpose', '', [mixed([2, 3, 4])], { attributes: { perm: [1, 2, 0] } }),
  oneNode('Concat', '', [mixed([2, 2]), mixed([2, 3])], { attributes: { axis: 1 } }),
  oneNode('Split', 'one part unused', [mixed([2, 5]), ints(2, 3)], {
    attributes: { axis: 1 },
    outputs: 2,
  }),
  oneNode('Slice', 'two axes', [mixed([4, 5]), ints(1, 0), ints(3, 4), ints(0, 1)]),
  oneNode('Slice', 'steps', [mixed([4, 7]), ints(0, 1), ints(4, 7), ints(0, 1), ints(2, 3)]),
  oneNode('Slice', 'backwards', [mixed([7]), ints(-1), ints(-100), ints(0), ints(-1)]),
  oneNode('Slice', 'backwards by two', [mixed([8]), ints(6), ints(0), ints(0), ints(-2)]),
  oneNode('Pad', '', [mixed([2, 3]), ints(0, 1, 2, 0)]),
  oneNode('Expand', '', [mixed([3, 1]), ints(2, 3, 4)]),
  oneNode('Tile', '', [mixed([2, 3]), ints(2, 2)]),
  oneNode('Gather', 'rows of a table, one twice', [
    mixed([4, 3]),
    constant('int64', [2, 2], [0, 2, 2, 3]),
  ]),
  oneNode('Gather', 'axis 1', [mixed([2, 4, 2]), ints(3, 1)], { attributes: { axis: 1 } }),
  ...['DCR', 'CRD'].map((mode) =>
    oneNode('DepthToSpace', mode, [mixed([1, 8, 2, 3])], { attributes: { blocksize: 2, mode } }),
  ),
];

function convolutions(): Case[] {
  const plain = { strides: [1, 1], pads: [1, 1, 1, 1] };
  const at = (
    op: string,
    title: string,
    x: number[],
    w: number[],
    attributes: Record<string, number | number[]>,
    bias = op === 'Conv' ? w[0] : w[1],
  ) => oneNode(op, title, [mixed(x), mixed(w), mixed([bias])], { attributes });
  return [
    at('Conv', '3×3', [2, 2, 4, 5], [3, 2, 3, 3], plain),
    at('Conv', 'stride 2', [2, 2, 5, 6], [3, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    at('Conv', 'uneven pads', [1, 2, 5, 4], [2, 2, 3, 2], { strides: [1, 2], pads: [0, 1, 2, 0] }),
    at('Conv', '1×1', [2, 3, 3, 3], [4, 3, 1, 1], {}),
    at('Conv', '1×1, stride 2', [2, 3, 4, 5], [2, 3, 1, 1], { strides: [2, 2] }),
    at('Conv', '1×1, padded', [1, 2, 3, 3], [2, 2, 1, 1], { pads: [1, 0, 1, 0] }),
    at('Conv', 'depthwise', [2, 3, 4, 4], [3, 1, 3, 3], { ...plain, group: 3 }),
    at('Conv', 'depthwise, stride 2', [1, 2, 5, 5], [2, 1, 3, 3], { strides: [2, 2], group: 2 }),
    at('Conv', 'grouped', [1, 4, 4, 3], [6, 2, 3, 3], { ...plain, group: 2 }),
    at('Conv', 'dilated', [1, 2, 6, 6], [2, 2, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
    at('Conv', 'one axis', [2, 3, 7], [4, 3, 3], { pads: [1, 1] }),
    at('ConvTranspose', 'stride 2', [1, 2, 3, 3], [2, 3, 3, 3], {
      strides: [2, 2],
      pads: [1, 1, 1, 1],
    }),
    at('ConvTranspose', 'plain', [2, 2, 3, 4], [2, 2, 2, 2], {}),
  ];
}

function poolings(): Case[] {
  const window = { kernel_shape: [2, 2], strides: [2, 2] };
  const overlapping = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  return [
    oneNode('MaxPool', 'windows', [mixed([2, 2, 4, 6])], { attributes: window }),
    oneNode('MaxPool', 'overlapping', [mixed([1, 2, 5, 5])], { attributes: overlapping }),
    oneNode('AveragePool', 'windows', [mixed([2, 2, 4, 6])], { attributes: window }),
    oneNode('AveragePool', 'overlapping', [mixed([1, 2, 5, 5])], { attributes: overlapping }),
    oneNode('AveragePool', 'pads counted', [mixed([1, 2, 5, 5])], {
      attributes: { ...overlapping, count_include_pad: 1 },
    }),
    oneNode('GlobalAveragePool', '', [mixed([2, 3, 2, 3])]),
    oneNode('GlobalMaxPool', '', [mixed([2, 3, 2, 3])]),
  ];
}

describe('gradients against finite differences in double precision', () => {
  test.each(cases)('$title', async (each) => {
    for (const { value, error, largest } of await checkGradient(each)) {
      expect(largest, value).toBeGreaterThan(0);
      expect(error, value).toBeLessThan(5e-5);
    }
  });
});
