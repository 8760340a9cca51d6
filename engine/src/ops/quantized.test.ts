import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import { constant, fed, oneNode, type Given } from './testing/one-node';

const domain = 'com.microsoft';
const scale = constant('float', [], [0.1]);
const zero = (dtype: 'uint8' | 'int8') => constant(dtype, [], [0]);
const u8 = zero('uint8');
const s8 = zero('int8');
const x = fed('float', [2, 3, 4]);

/** A quantized value with its scale and zero point, as these operators take them. */
const quantized = (dtype: 'uint8' | 'int8', dims: readonly number[]): Given[] => [
  fed(dtype, dims),
  scale,
  zero(dtype),
];

testAgainstRuntime('Quantizing', [
  oneNode(
    'QuantizeLinear',
    'contributed, along an axis',
    [x, constant('float', [3]), constant('int8', [3])],
    { domain, attributes: { axis: 1 } },
  ),
  oneNode(
    'DequantizeLinear',
    'contributed, along an axis',
    [fed('int8', [2, 3]), constant('float', [3]), constant('int8', [3])],
    { domain, attributes: { axis: 1 } },
  ),
  oneNode('QuantizeLinear', 'no zero point', [x, scale]),
  oneNode('QuantizeLinear', 'along an axis', [x, constant('float', [3]), constant('int8', [3])], {
    attributes: { axis: 1 },
  }),
  oneNode('QuantizeLinear', 'in blocks to 16 bits', [x, constant('float', [2, 3, 2])], {
    attributes: { axis: 2, block_size: 2, output_dtype: 4 },
  }),
  oneNode('QuantizeLinear', 'contributed, 16 bits', [x, scale, constant('uint16', [], [0])], {
    domain,
  }),
  oneNode(
    'DequantizeLinear',
    'along a negative axis',
    [fed('int8', [2, 3, 4]), constant('float', [4]), constant('int8', [4])],
    { attributes: { axis: -1 } },
  ),
  oneNode('DequantizeLinear', 'bias', [fed('int32', [5]), scale]),
  oneNode(
    'DequantizeLinear',
    '4 bits in blocks',
    [constant('int4', [4, 6]), constant('float', [2, 6])],
    { attributes: { axis: 0, block_size: 2 } },
  ),
  oneNode('DequantizeLinear', 'contributed', [fed('uint16', [2, 3]), scale], { domain }),
  oneNode('DynamicQuantizeLinear', 'matrix', [fed('float', [3, 4])], { outputs: 3 }),
  oneNode('DynamicQuantizeLinear', 'batch', [x], { outputs: 3 }),
]);

testAgainstRuntime('Quantized products', [
  oneNode('MatMulInteger16', 'vector', [fed('int16', [4]), fed('int16', [4, 5])], { domain }),
  oneNode(
    'MatMulBnb4',
    '4-bit floats',
    [fed('float', [3, 16]), constant('uint8', [16]), constant('float', [2])],
    { domain, attributes: { K: 16, N: 2, block_size: 16, quant_type: 0 } },
  ),
  oneNode(
    'QLinearConv',
    'contributed, channels first',
    [...quantized('uint8', [1, 3, 5, 5]), constant('uint8', [4, 3, 3, 3]), scale, u8, scale, u8],
    { domain },
  ),
  oneNode(
    'QLinearConv',
    'strided, grouped, with bias',
    [
      ...quantized('uint8', [1, 4, 8, 7]),
      constant('int8', [6, 2, 3, 3]),
      scale,
      s8,
      scale,
      u8,
      constant('int32', [6]),
    ],
    { attributes: { strides: [2, 2], pads: [1, 1, 1, 1], group: 2 } },
  ),
  oneNode(
    'QLinearConv',
    'same padding',
    [...quantized('uint8', [2, 3, 5, 5]), constant('uint8', [4, 3, 2, 2]), scale, u8, scale, u8],
    { attributes: { auto_pad: 'SAME_UPPER' } },
  ),
  oneNode(
    'QLinearConv',
    'channels last',
    [...quantized('uint8', [1, 8, 7, 4]), constant('int8', [6, 4, 3, 3]), scale, s8, scale, u8],
    { domain, attributes: { channels_last: 1 } },
  ),
  oneNode('QLinearMatMul', 'batch', [
    ...quantized('uint8', [2, 3, 4]),
    ...quantized('uint8', [4, 5]),
    scale,
    u8,
  ]),
  oneNode('QLinearMatMul', 'signed', [
    ...quantized('int8', [3, 4]),
    ...quantized('int8', [4, 5]),
    scale,
    s8,
  ]),
  oneNode('ConvInteger', 'padded', [fed('uint8', [1, 3, 5, 5]), fed('uint8', [4, 3, 3, 3]), u8], {
    attributes: { pads: [1, 1, 1, 1] },
  }),
  oneNode('ConvInteger', 'dilated', [fed('uint8', [1, 1, 8, 8]), fed('uint8', [2, 1, 3, 3])], {
    attributes: { dilations: [2, 2] },
  }),
  oneNode('MatMulInteger', 'broadcast batch', [fed('uint8', [2, 3, 4]), fed('int8', [4, 5])]),
  oneNode('MatMulInteger', 'vectors', [fed('uint8', [4]), fed('uint8', [4, 5]), u8, u8]),
  oneNode(
    'MatMulIntegerToFloat',
    'batch',
    [fed('uint8', [2, 3, 4]), constant('int8', [4, 5]), scale, scale],
    { domain },
  ),
  oneNode(
    'MatMulIntegerToFloat',
    'bias',
    [
      fed('uint8', [3, 4]),
      constant('uint8', [4, 5]),
      scale,
      constant('float', [5]),
      u8,
      undefined,
      constant('float', [5]),
    ],
    { domain },
  ),
  oneNode('DynamicQuantizeMatMul', 'batch', [x, constant('int8', [4, 5]), scale], { domain }),
  oneNode(
    'DynamicQuantizeMatMul',
    'bias',
    [
      fed('float', [3, 4]),
      constant('uint8', [4, 5]),
      constant('float', [5]),
      undefined,
      constant('float', [5]),
    ],
    { domain },
  ),
  oneNode(
    'QGemm',
    'float result',
    [fed('uint8', [3, 4]), scale, u8, constant('int8', [5, 4]), scale, s8, constant('int32', [5])],
    { domain, attributes: { transB: 1 } },
  ),
  oneNode(
    'QGemm',
    'quantized result',
    [fed('uint8', [4, 3]), scale, u8, constant('uint8', [4, 5]), scale, u8, undefined, scale, u8],
    { domain, attributes: { transA: 1 } },
  ),
  oneNode('MatMulInteger16', 'signed', [fed('int16', [2, 3, 4]), fed('int16', [4, 5])], { domain }),
  oneNode('MatMulNBits', 'batch', [x, constant('uint8', [5, 1, 8]), constant('float', [5])], {
    domain,
    attributes: { K: 4, N: 5, bits: 4, block_size: 16 },
  }),
  oneNode(
    'MatMulNBits',
    '8 bits',
    [fed('float', [3, 32]), constant('uint8', [7, 2, 16]), constant('float', [14])],
    { domain, attributes: { K: 32, N: 7, bits: 8, block_size: 16 } },
  ),
  oneNode(
    'MatMulBnb4',
    'normal floats',
    [fed('float', [2, 3, 32]), constant('uint8', [80]), constant('float', [10])],
    { domain, attributes: { K: 32, N: 5, block_size: 16, quant_type: 1 } },
  ),
]);

testAgainstRuntime('Quantized maps', [
  oneNode(
    'QLinearAdd',
    'scalar',
    [...quantized('int8', [4]), ...quantized('int8', []), scale, s8],
    {
      domain,
    },
  ),
  oneNode(
    'QLinearMul',
    'broadcast',
    [...quantized('uint8', [2, 1, 3]), ...quantized('uint8', [4, 1]), scale, u8],
    { domain },
  ),
  oneNode('QLinearSigmoid', 'signed', [...quantized('int8', [2, 3, 4]), scale, s8], { domain }),
  oneNode('QLinearLeakyRelu', 'default slope', [...quantized('uint8', [5]), scale, u8], { domain }),
  oneNode('QLinearSoftmax', 'flattened', [...quantized('int8', [2, 3, 4]), scale, s8], {
    domain,
    attributes: { axis: 1, opset: 12 },
  }),
  oneNode(
    'QLinearWhere',
    'signed',
    [fed('bool', [3]), ...quantized('int8', [3]), ...quantized('int8', [2, 3]), scale, s8],
    { domain },
  ),
  oneNode(
    'QLinearAdd',
    'broadcast',
    [...quantized('uint8', [2, 3, 4]), ...quantized('uint8', [3, 1]), scale, u8],
    { domain },
  ),
  oneNode(
    'QLinearMul',
    'signed, last zero point missing',
    [...quantized('int8', [2, 3]), ...quantized('int8', [2, 3]), scale],
    { domain },
  ),
  oneNode('QLinearSigmoid', 'map', [...quantized('uint8', [2, 3]), scale, u8], { domain }),
  oneNode('QLinearLeakyRelu', 'map', [...quantized('int8', [2, 3]), scale, s8], {
    domain,
    attributes: { alpha: { f: 0.1 } },
  }),
  oneNode('QLinearSoftmax', 'last axis', [...quantized('uint8', [2, 3]), scale, u8], {
    domain,
    attributes: { axis: -1, opset: 13 },
  }),
  oneNode('QLinearAveragePool', 'padded', [...quantized('uint8', [1, 2, 7, 7]), scale, u8], {
    domain,
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  }),
  oneNode('QLinearAveragePool', 'channels last', [...quantized('uint8', [1, 7, 6, 2]), scale, u8], {
    domain,
    attributes: { kernel_shape: [2, 2], channels_last: 1 },
  }),
  oneNode('QLinearGlobalAveragePool', 'plain', [...quantized('uint8', [1, 2, 7, 7]), scale, u8], {
    domain,
  }),
  oneNode('QLinearGlobalAveragePool', 'last', [...quantized('uint8', [1, 7, 7, 2]), scale, u8], {
    domain,
    attributes: { channels_last: 1 },
  }),
  oneNode(
    'QLinearWhere',
    'broadcast',
    [fed('bool', [2, 1]), ...quantized('uint8', [2, 3]), ...quantized('uint8', [3]), scale, u8],
    { domain },
  ),
  oneNode(
    'QLinearConcat',
    'three parts',
    [
      scale,
      u8,
      ...quantized('uint8', [2, 3]),
      ...quantized('uint8', [2, 1]),
      ...quantized('uint8', [2, 4]),
    ],
    { domain, attributes: { axis: 1 } },
  ),
  oneNode(
    'QLinearConcat',
    'negative axis',
    [scale, s8, ...quantized('int8', [2, 3]), ...quantized('int8', [1, 3])],
    { domain, attributes: { axis: -2 } },
  ),
]);

// No CPU kernels.
testAgainstSpec('Quantized maps', [
  [
    oneNode('QLinearReduceMean', 'kept axes', [...quantized('int8', [2, 3, 4]), scale, s8], {
      domain,
      attributes: { axes: [-1, 0], keepdims: 1 },
    }),
    ['int8[1,3,1]'],
  ],
  [
    oneNode('ReduceSumInteger', 'two axes', [fed('int8', [2, 3, 4])], {
      domain,
      attributes: { axes: [0, 1], keepdims: 0 },
    }),
    ['int32[4]'],
  ],
  [
    oneNode('MulInteger', 'unsigned', [fed('uint8', [2, 1]), u8, fed('uint8', [3]), u8], {
      domain,
    }),
    ['int32[2,3]'],
  ],
  [
    oneNode('QLinearReduceMean', 'axes', [...quantized('uint8', [2, 3, 4]), scale, u8], {
      domain,
      attributes: { axes: [1], keepdims: 0 },
    }),
    ['uint8[2,4]'],
  ],
  [
    oneNode('ReduceSumInteger', 'axes', [fed('uint8', [2, 3, 4])], {
      domain,
      attributes: { axes: [-1], keepdims: 1 },
    }),
    ['int32[2,3,1]'],
  ],
  [
    oneNode('MulInteger', 'broadcast', [fed('int8', [2, 3]), s8, fed('int8', [3])], { domain }),
    ['int32[2,3]'],
  ],
]);
