import { expect, test } from 'vitest';
import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import { constant, costOf, fed, oneNode } from './testing/one-node';

const domain = 'com.microsoft';
const x = fed('float', [2, 3, 4]);

testAgainstRuntime('Gathering and scattering', [
  oneNode('GatherND', 'contributed, rows', [fed('int32', [4, 3]), fed('int32', [2, 1])], {
    domain,
    unknownSymbols: 1,
  }),
  oneNode('Unique', 'contributed, integers', [fed('float', [9])], {
    domain,
    outputs: 3,
    unknown: 2,
  }),
  oneNode(
    'TensorScatter',
    'without positions, other axis',
    [fed('float', [2, 8, 4]), fed('float', [2, 1, 4])],
    { opset: 24, attributes: { axis: 1 } },
  ),
  oneNode('GatherElements', 'fewer indices than data', [x, fed('int64', [2, 1, 4])], {
    attributes: { axis: 1 },
  }),
  oneNode('GatherElements', 'negative axis', [fed('int32', [3, 3]), fed('int64', [3, 2])], {
    attributes: { axis: -1 },
  }),
  oneNode('GatherND', 'partial coordinates', [x, fed('int64', [5, 2])], { unknownSymbols: 1 }),
  oneNode('GatherND', 'batch axis', [x, fed('int64', [2, 6, 1])], {
    attributes: { batch_dims: 1 },
    unknownSymbols: 1,
  }),
  oneNode('GatherND', 'full coordinates', [x, fed('int64', [7, 3])], { domain, unknownSymbols: 1 }),
  oneNode(
    'ScatterElements',
    'along the last axis',
    [x, fed('int64', [2, 3, 1]), fed('float', [2, 3, 1])],
    { attributes: { axis: -1 } },
  ),
  oneNode(
    'ScatterElements',
    'with reduction',
    [x, fed('int64', [1, 3, 4]), fed('float', [1, 3, 4])],
    {
      attributes: { axis: 0, reduction: 'add' },
    },
  ),
  oneNode('Scatter', 'old name', [x, fed('int64', [1, 1, 1]), fed('float', [1, 1, 1])], {
    opset: 10,
  }),
  oneNode('Scatter', 'second axis', [x, fed('int64', [2, 1, 1]), fed('float', [2, 1, 1])], {
    opset: 9,
    attributes: { axis: 1 },
  }),
  oneNode('ScatterND', 'rows', [x, fed('int64', [2, 1]), fed('float', [2, 3, 4])]),
  oneNode('ScatterND', 'elements', [x, fed('int64', [1, 3]), fed('float', [1])]),
  oneNode('OneHot', 'new last axis', [
    fed('int64', [2, 3]),
    constant('int64', [], [5]),
    constant('float', [2]),
  ]),
  oneNode(
    'OneHot',
    'new first axis, depth as tensor',
    [fed('int64', [2, 3]), constant('int64', [1], [4]), constant('int64', [2], [0, 1])],
    { attributes: { axis: 0 } },
  ),
  oneNode(
    'OneHot',
    'depth given at run time',
    [fed('int64', [2, 3]), fed('int64', [1], [5]), constant('int64', [2], [0, 1])],
    { unknown: 1 },
  ),
  oneNode('NonZero', 'matrix', [fed('float', [2, 3])], { unknown: 1 }),
  oneNode('NonZero', 'vector of bool', [fed('bool', [5])], { unknown: 1 }),
  oneNode('Compress', 'along an axis', [x, fed('bool', [3])], {
    attributes: { axis: -2 },
    unknown: 1,
  }),
  oneNode('Compress', 'flat', [x, fed('bool', [5])], { unknown: 1 }),
  oneNode('Unique', 'flat', [fed('int64', [2, 3])], { outputs: 4, unknown: 3 }),
  oneNode('Unique', 'rows', [fed('float', [4, 3])], {
    attributes: { axis: 0, sorted: 0 },
    outputs: 4,
    unknown: 3,
  }),
  oneNode('Unique', 'values, inverse, counts', [fed('float', [6])], {
    domain,
    outputs: 3,
    unknown: 2,
  }),
  oneNode(
    'TensorScatter',
    'cache',
    [fed('float', [2, 3, 8, 4]), fed('float', [2, 3, 1, 4]), fed('int64', [2])],
    { opset: 24 },
  ),
  oneNode(
    'GatherBlockQuantized',
    'two elements in each byte',
    [constant('uint8', [5, 16]), fed('int64', [2, 3]), constant('float', [5, 2])],
    { domain, attributes: { bits: 4, block_size: 16, gather_axis: 0, quantize_axis: 1 } },
  ),
  oneNode(
    'GatherBlockQuantized',
    'narrow elements',
    [constant('int4', [5, 32]), fed('int64', [3]), constant('float', [5, 2])],
    { domain, attributes: { block_size: 16, gather_axis: 0, quantize_axis: 1 } },
  ),
]);

testAgainstRuntime('Matrices and random numbers', [
  oneNode('Trilu', 'contributed, lower', [fed('float', [2, 3, 3]), constant('int64', [], [-1])], {
    domain,
    attributes: { upper: 0 },
  }),
  oneNode('RandomNormal', 'double', [], { attributes: { shape: [2], dtype: 11 } }),
  oneNode('RandomUniform', 'default type', [], { attributes: { shape: [1, 4] } }),
  oneNode('RandomNormalLike', 'another type', [x], { attributes: { dtype: 11 } }),
  oneNode('RandomUniformLike', 'type of the input', [fed('double', [3])]),
  oneNode('EyeLike', 'type of the input', [fed('float', [3, 4])]),
  oneNode('EyeLike', 'another type', [fed('int32', [3, 4])], { attributes: { dtype: 7, k: 1 } }),
  oneNode('Trilu', 'batch', [x]),
  oneNode('Trilu', 'lower, diagonal given', [fed('int64', [3, 3]), constant('int64', [], [1])], {
    attributes: { upper: 0 },
  }),
  oneNode('Trilu', 'contributed', [x], { domain }),
  oneNode('Det', 'matrix', [fed('float', [3, 3])]),
  oneNode('Det', 'batches', [fed('float', [2, 5, 3, 3])]),
  oneNode('Inverse', 'batch', [fed('float', [1, 2, 2], [1, 2, 3, 5])], { domain }),
  oneNode('RandomNormal', 'shape attribute', [], { attributes: { shape: [2, 3] } }),
  oneNode('RandomUniform', 'double', [], { attributes: { shape: [4], dtype: 11 } }),
  oneNode('RandomNormalLike', 'type of the input', [x]),
  oneNode('RandomUniformLike', 'another type', [fed('int32', [2, 2])], {
    attributes: { dtype: 1 },
  }),
  oneNode('Bernoulli', 'type of the input', [x]),
  oneNode('Bernoulli', 'another type', [x], { attributes: { dtype: 9 } }),
  oneNode('Multinomial', 'default type', [fed('float', [2, 3])], {
    attributes: { sample_size: 7 },
  }),
  oneNode('Multinomial', 'int64', [fed('float', [2, 3])], {
    attributes: { sample_size: 2, dtype: 7 },
  }),
]);

testAgainstRuntime('Images and losses', [
  oneNode('Col2Im', 'two axes with pads', [
    fed('float', [1, 12, 9]),
    constant('int64', [2], [4, 4]),
    constant('int64', [2], [2, 2]),
  ]),
  oneNode(
    'Col2Im',
    'strides',
    [fed('float', [2, 8, 4]), constant('int64', [2], [4, 4]), constant('int64', [2], [2, 2])],
    { attributes: { strides: [2, 2] } },
  ),
  oneNode('CenterCropPad', 'all axes', [fed('float', [5, 6]), constant('int64', [2], [3, 8])]),
  oneNode('CenterCropPad', 'some axes', [fed('float', [5, 6, 3]), constant('int64', [1], [4])], {
    attributes: { axes: [-2] },
  }),
  oneNode(
    'CropAndResize',
    'boxes',
    [
      fed('float', [2, 3, 8, 8]),
      fed('float', [5, 4]),
      fed('int32', [5]),
      constant('int32', [2], [4, 6]),
    ],
    { domain },
  ),
  oneNode(
    'CropAndResize',
    'size given at run time',
    [
      fed('float', [1, 3, 8, 8]),
      fed('float', [2, 4]),
      constant('int32', [2], [0, 0]),
      fed('int32', [2], [4, 4]),
    ],
    { domain, unknown: 2 },
  ),
  oneNode('NegativeLogLikelihoodLoss', 'mean', [fed('float', [3, 5]), fed('int64', [3])]),
  oneNode('NegativeLogLikelihoodLoss', 'none', [fed('float', [3, 5, 2]), fed('int64', [3, 2])], {
    attributes: { reduction: 'none' },
  }),
  oneNode('SoftmaxCrossEntropyLoss', 'sum', [fed('float', [3, 5]), fed('int64', [3])], {
    attributes: { reduction: 'sum' },
  }),
  oneNode(
    'SoftmaxCrossEntropyLoss',
    'none, with log-probabilities',
    [fed('float', [3, 5, 2]), fed('int64', [3, 2]), constant('float', [5])],
    { attributes: { reduction: 'none' }, outputs: 2 },
  ),
]);

testAgainstSpec('Inverse', [
  [
    oneNode('Inverse', 'half precision', [fed('float16', [2, 3, 3])], { domain }),
    ['float16[2,3,3]'],
  ],
]);

test('a scatter costs what it writes', () => {
  const each = oneNode('ScatterND', 'cost', [x, fed('int64', [2, 1]), fed('float', [2, 3, 4])]);
  expect(costOf(each)).toEqual({ macs: 0, elementwise: 24 });
});
