import { describe, expect, test } from 'vitest';
import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import { constant, costOf, fed, oneNode } from './testing/one-node';

const domain = 'com.microsoft';
const x = fed('float', [2, 3, 4]);
const scale = constant('float', [], [0.1]);
const zero = constant('uint8', [], [0]);

testAgainstRuntime('Fused products', [
  oneNode('FusedGemm', 'no bias', [fed('float', [3, 4]), constant('float', [4, 5])], {
    domain,
    attributes: { activation: 'Tanh' },
  }),
  oneNode('TransposeMatMul', 'first operand', [fed('float', [4, 3]), fed('float', [4, 5])], {
    domain,
    attributes: { transA: 1 },
  }),
  oneNode(
    'GridSample',
    'contributed, nearest',
    [fed('float', [2, 1, 5, 4]), fed('float', [2, 1, 7, 2])],
    {
      domain,
      attributes: { mode: 'nearest', padding_mode: 'border' },
    },
  ),
  oneNode(
    'Pad',
    'contributed, edges',
    [fed('float', [2, 3]), constant('int64', [4], [0, 1, 0, -1])],
    {
      domain,
      attributes: { mode: 'edge' },
    },
  ),
  oneNode(
    'MoE',
    'gated, sequences',
    [
      fed('float', [2, 3, 4]),
      fed('float', [6, 5]),
      constant('float', [5, 12, 4]),
      undefined,
      constant('float', [5, 4, 6]),
    ],
    { domain, attributes: { k: 1, activation_type: 'swiglu', swiglu_fusion: 1 } },
  ),
  oneNode(
    'FusedConv',
    'with activation',
    [fed('float', [1, 3, 6, 6]), constant('float', [4, 3, 3, 3]), constant('float', [4])],
    { domain, attributes: { activation: 'Relu', strides: [2, 2] } },
  ),
  oneNode(
    'FusedConv',
    'with sum',
    [
      fed('float', [1, 3, 6, 6]),
      constant('float', [4, 3, 3, 3]),
      constant('float', [4]),
      fed('float', [1, 4, 6, 6]),
    ],
    { domain, attributes: { pads: [1, 1, 1, 1] } },
  ),
  oneNode(
    'FusedGemm',
    'transposed',
    [fed('float', [4, 3]), constant('float', [5, 4]), constant('float', [5])],
    { domain, attributes: { transA: 1, transB: 1, activation: 'Relu' } },
  ),
  oneNode('FusedMatMul', 'transposed operands', [fed('float', [2, 4, 3]), fed('float', [5, 4])], {
    domain,
    attributes: { transA: 1, transB: 1 },
  }),
  oneNode('FusedMatMul', 'transposed batch', [fed('float', [3, 2, 4]), fed('float', [2, 4, 5])], {
    domain,
    attributes: { transBatchA: 1 },
  }),
  oneNode('FusedMatMul', 'both', [fed('float', [4, 2, 6, 3]), fed('float', [2, 6, 4, 5])], {
    domain,
    attributes: { transBatchA: 1, transA: 1 },
  }),
  oneNode('TransposeMatMul', 'second operand', [fed('float', [2, 3, 4]), fed('float', [2, 5, 4])], {
    domain,
    attributes: { transB: 1 },
  }),
  oneNode('NhwcMaxPool', 'strided', [fed('uint8', [1, 7, 6, 2])], {
    domain,
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }),
  oneNode('NhwcMaxPool', 'padded', [fed('int8', [2, 7, 6, 3])], {
    domain,
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  }),
  oneNode('GridSample', 'contributed', [fed('float', [1, 2, 5, 5]), fed('float', [1, 3, 4, 2])], {
    domain,
  }),
  oneNode('Pad', 'contributed', [fed('float', [2, 3]), constant('int64', [4], [1, 0, 2, 3])], {
    domain,
  }),
  oneNode(
    'ConvTransposeWithDynamicPads',
    'constant pads',
    [
      fed('float', [1, 3, 5, 5]),
      constant('float', [3, 2, 3, 3]),
      constant('int64', [4], [1, 0, 1, 0]),
    ],
    { domain, attributes: { strides: [2, 2] } },
  ),
  oneNode(
    'ConvTransposeWithDynamicPads',
    'pads given at run time',
    [fed('float', [1, 3, 5, 5]), constant('float', [3, 2, 3, 3]), fed('int64', [4], [1, 1, 1, 1])],
    { domain, unknown: 2 },
  ),
  oneNode(
    'MoE',
    'two experts',
    [
      fed('float', [3, 4]),
      fed('float', [3, 5]),
      constant('float', [5, 6, 4]),
      undefined,
      constant('float', [5, 4, 6]),
    ],
    { domain, attributes: { k: 2 } },
  ),
]);

testAgainstSpec('Fused products', [
  [
    oneNode(
      'NhwcFusedConv',
      'with a sum',
      [
        fed('float', [1, 6, 7, 3]),
        constant('float', [4, 3, 1, 1]),
        undefined,
        fed('float', [1, 6, 7, 4]),
      ],
      { domain, attributes: { activation: 'Relu' } },
    ),
    ['float[1,6,7,4]'],
  ],
  [
    oneNode('NhwcConv', 'one axis', [fed('double', [1, 9, 3]), constant('double', [4, 3, 3])], {
      domain,
      attributes: { dilations: [2] },
    }),
    ['double[1,5,4]'],
  ],
  [
    oneNode('GemmFastGelu', 'bias', [x, constant('float', [4, 5]), constant('float', [5])], {
      domain,
    }),
    ['float[2,3,5]'],
  ],
  [
    oneNode('GemmFastGelu', 'matrix', [fed('float16', [3, 4]), fed('float16', [4, 5])], { domain }),
    ['float16[3,5]'],
  ],
  [
    oneNode(
      'GemmFloat8',
      'half precision result',
      [fed('float8e4m3fn', [3, 4]), fed('float8e4m3fn', [5, 4])],
      { domain, attributes: { transB: 1, dtype: 10 } },
    ),
    ['float16[3,5]'],
  ],
  [
    oneNode('GemmFloat8', 'default type', [fed('float', [4, 3]), fed('float', [4, 5])], {
      domain,
      attributes: { transA: 1 },
    }),
    ['float[3,5]'],
  ],
  [
    oneNode('FusedMatMulActivation', 'transposed', [x, fed('float', [5, 4])], {
      domain,
      attributes: { activation: 'Relu', transB: 1 },
    }),
    ['float[2,3,5]'],
  ],
  [
    oneNode(
      'FusedMatMulActivation',
      'batch moved',
      [fed('float', [3, 2, 4]), fed('float', [4, 5])],
      {
        domain,
        attributes: { activation: 'Tanh', transBatchA: 1 },
      },
    ),
    ['float[2,3,5]'],
  ],
  [
    oneNode('QMoE', 'tokens', [fed('float', [3, 4]), fed('float', [3, 5])], { domain }),
    ['float[3,4]'],
  ],
  [
    oneNode('QMoE', 'sequences', [fed('float16', [2, 3, 4]), fed('float16', [6, 5])], { domain }),
    ['float16[2,3,4]'],
  ],
  [
    oneNode(
      'NhwcFusedConv',
      'half precision',
      [fed('float16', [1, 6, 7, 3]), constant('float16', [4, 3, 3, 3])],
      { domain, attributes: { pads: [1, 1, 1, 1] } },
    ),
    ['float16[1,6,7,4]'],
  ],
  [
    oneNode('NhwcConv', 'strided', [fed('float', [1, 6, 8, 3]), constant('float', [4, 3, 2, 2])], {
      domain,
      attributes: { strides: [2, 2] },
    }),
    ['float[1,3,4,4]'],
  ],
]);

describe('cost of quantized and fused products', () => {
  test.each([
    // 2 × 3 rows, 4 inputs, 5 outputs each.
    ['MatMulNBits', oneNode('MatMulNBits', '', [x], { domain, attributes: { K: 4, N: 5 } }), 120],
    // 3 × 4 × 4 outputs, each over 3 × 2 × 2 weights.
    [
      'NhwcConv',
      oneNode('NhwcConv', '', [fed('float', [1, 6, 8, 3]), fed('float', [4, 3, 2, 2])], {
        domain,
        attributes: { strides: [2, 2] },
      }),
      48 * 12,
    ],
    [
      'QLinearMatMul',
      oneNode('QLinearMatMul', '', [
        fed('uint8', [2, 3, 4]),
        scale,
        zero,
        fed('uint8', [4, 5]),
        scale,
        zero,
        scale,
        zero,
      ]),
      120,
    ],
    [
      'FusedMatMul',
      oneNode('FusedMatMul', '', [fed('float', [2, 4, 3]), fed('float', [5, 4])], {
        domain,
        attributes: { transA: 1, transB: 1 },
      }),
      120,
    ],
    // 3 tokens through 2 experts of 6 × 4 and 4 × 6 weights.
    [
      'MoE',
      oneNode(
        'MoE',
        '',
        [
          fed('float', [3, 4]),
          undefined,
          fed('float', [5, 6, 4]),
          undefined,
          fed('float', [5, 4, 6]),
        ],
        { domain, attributes: { k: 2 } },
      ),
      288,
    ],
    // The same weights with two elements in each byte.
    [
      'QMoE',
      oneNode(
        'QMoE',
        '',
        [
          fed('float', [3, 4]),
          undefined,
          fed('uint8', [5, 6, 2]),
          undefined,
          undefined,
          fed('uint8', [5, 4, 3]),
        ],
        { domain, attributes: { k: 2 } },
      ),
      288,
    ],
  ])('%s', (_type, each, macs) => {
    expect(costOf(each).macs).toBe(macs);
  });
});
