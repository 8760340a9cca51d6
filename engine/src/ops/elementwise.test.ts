import { expect, test } from 'vitest';
import { testAgainstRuntime } from './testing/differential';
import { constant, costOf, fed, oneNode } from './testing/one-node';

const x = fed('float', [2, 3, 4]);
const integers = fed('int64', [2, 3, 4]);
const truth = fed('bool', [2, 3]);

const unary = [
  ...['Relu', 'LeakyRelu', 'ThresholdedRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish'],
  ...['Sigmoid', 'HardSigmoid', 'HardSwish', 'Softplus', 'Softsign', 'Tanh', 'Shrink'],
  ...['Exp', 'Log', 'Sqrt', 'Reciprocal', 'Erf', 'Sign', 'Neg', 'Abs', 'Floor', 'Ceil', 'Round'],
  ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
  ...['Identity', 'IsNaN', 'IsInf'],
];

testAgainstRuntime('Elementwise, one input', [
  ...unary.flatMap((op) => [
    oneNode(op, 'three axes', [x]),
    oneNode(op, 'scalar', [fed('float', [])]),
    oneNode(op, 'empty', [fed('float', [2, 0])]),
  ]),
  oneNode('Not', 'truth', [truth]),
  oneNode('Not', 'scalar', [fed('bool', [])]),
  oneNode('Not', 'constant', [constant('bool', [3])]),
  oneNode('BitwiseNot', 'bits', [fed('uint8', [3, 2])]),
  oneNode('BitwiseNot', 'signed', [fed('int32', [3])]),
  oneNode('BitwiseNot', 'wide', [fed('int64', [])]),
  oneNode('Neg', 'integers', [integers]),
  oneNode('Abs', 'doubles', [fed('double', [3])]),
  oneNode('Clip', 'bounds as inputs', [x, constant('float', [], [0]), constant('float', [], [6])]),
  oneNode('Clip', 'one bound', [integers, undefined, constant('int64', [], [6])]),
  oneNode('Clip', 'bounds as attributes', [x], {
    opset: 6,
    attributes: { min: { f: 0 }, max: { f: 6 } },
  }),
  oneNode('PRelu', 'slope for each channel', [x, constant('float', [3, 1])]),
  oneNode('PRelu', 'one slope', [x, constant('float', [1])]),
  oneNode('PRelu', 'slope of full shape', [x, constant('float', [2, 3, 4])]),
  oneNode('Dropout', 'with mask', [x], { outputs: 2 }),
  oneNode('Dropout', 'mask of version 7', [x], { opset: 7 }),
  oneNode('Dropout', 'ratio as input', [x, constant('float', [], [0.3])], { opset: 13 }),
]);

const numeric = ['Add', 'Sub', 'Mul', 'Div', 'Pow'];
const compared = ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'];

testAgainstRuntime('Elementwise, several inputs', [
  ...[...numeric, ...compared].flatMap((op) => [
    oneNode(op, 'in both directions', [fed('float', [2, 1, 4]), fed('float', [3, 1])]),
    oneNode(op, 'with a scalar', [fed('float', []), fed('float', [2, 3])]),
    oneNode(op, 'with nothing', [fed('float', [1, 3]), constant('float', [0, 1])]),
  ]),
  ...['Min', 'Max', 'Sum', 'Mean'].flatMap((op) => [
    oneNode(op, 'one', [x]),
    oneNode(op, 'three', [x, fed('float', [4]), fed('float', [3, 1])]),
    oneNode(op, 'two', [fed('float', [5, 1]), fed('float', [1, 6])]),
  ]),
  oneNode('Mod', 'integers', [integers, constant('int64', [4], [1, 2, 3, 4])]),
  oneNode('Mod', 'floats', [x, constant('float', [1], [2])], { attributes: { fmod: 1 } }),
  oneNode('Mod', 'broadcast', [fed('int32', [3, 1]), constant('int32', [2], [3, 5])]),
  oneNode('Pow', 'integer exponent', [x, constant('int64', [], [2])]),
  ...['And', 'Or', 'Xor'].flatMap((op) => [
    oneNode(op, 'same shape', [truth, truth]),
    oneNode(op, 'broadcast', [truth, fed('bool', [2, 1])]),
    oneNode(op, 'scalar', [truth, fed('bool', [])]),
  ]),
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].flatMap((op) => [
    oneNode(op, 'same shape', [fed('uint8', [2, 3]), fed('uint8', [2, 3])]),
    oneNode(op, 'broadcast', [fed('int32', [2, 1]), fed('int32', [3])]),
    oneNode(op, 'scalar', [fed('int64', []), fed('int64', [3])]),
  ]),
  ...['LEFT', 'RIGHT'].map((direction) =>
    oneNode('BitShift', direction, [fed('uint8', [2, 3]), fed('uint8', [3])], {
      attributes: { direction },
    }),
  ),
  oneNode('Where', 'three shapes', [
    fed('bool', [2, 1, 1]),
    fed('float', [3, 1]),
    fed('float', [4]),
  ]),
  oneNode('Where', 'integers', [truth, fed('int64', []), fed('int64', [2, 3])]),
  oneNode('Where', 'condition decides', [fed('bool', [5]), fed('float', [1]), fed('float', [])]),
  oneNode('Where', 'constant', [
    constant('bool', [2], [1, 0]),
    constant('int64', [2], [3, 4]),
    constant('int64', [2], [5, 6]),
  ]),
]);

testAgainstRuntime('Normalization', [
  oneNode('BatchNormalization', 'inference', [
    fed('float', [2, 3, 4, 4]),
    ...[0, 1, 2, 3].map(() => constant('float', [3])),
  ]),
  oneNode(
    'BatchNormalization',
    'training',
    [fed('float', [2, 3, 4]), ...[0, 1, 2, 3].map(() => constant('float', [3]))],
    {
      attributes: { training_mode: 1 },
      outputs: 3,
      opset: 15,
    },
  ),
  oneNode(
    'BatchNormalization',
    'old version',
    [fed('float', [2, 3]), ...[0, 1, 2, 3].map(() => constant('float', [3]))],
    { opset: 9 },
  ),
  oneNode('InstanceNormalization', 'image', [
    fed('float', [2, 3, 4, 5]),
    constant('float', [3]),
    constant('float', [3]),
  ]),
  oneNode('LRN', 'image', [fed('float', [1, 5, 3, 3])], { attributes: { size: 3 } }),
  oneNode('LpNormalization', 'last axis', [x], { attributes: { axis: -1, p: 1 } }),
  oneNode('MeanVarianceNormalization', 'image', [fed('float', [1, 2, 3, 3])]),
  ...['Softmax', 'LogSoftmax', 'Hardmax'].flatMap((op) => [
    oneNode(op, 'last axis', [x]),
    oneNode(op, 'first axis', [x], { attributes: { axis: 0 } }),
    oneNode(op, 'flattened, version 11', [x], { opset: 11, attributes: { axis: 1 } }),
  ]),
  oneNode('CumSum', 'reverse', [x, constant('int64', [], [1])], { attributes: { reverse: 1 } }),
  oneNode(
    'ReverseSequence',
    'batch first',
    [fed('float', [2, 3]), constant('int64', [2], [1, 3])],
    {
      attributes: { batch_axis: 0, time_axis: 1 },
    },
  ),
]);

test('an elementwise operator costs one operation an element, and no multiply-accumulate', () => {
  const add = oneNode('Add', '', [fed('float', [2, 1, 4]), fed('float', [3, 1])]);
  expect(costOf(add)).toEqual({ macs: 0, elementwise: 24 });
  expect(costOf(oneNode('Identity', '', [x]))).toEqual({ macs: 0, elementwise: 0 });
});
