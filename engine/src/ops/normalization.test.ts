import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import { constant, fed, oneNode } from './testing/one-node';

const domain = 'com.microsoft';
const x = fed('float', [2, 3, 4]);
const scale = constant('float', [4]);

testAgainstRuntime('Normalization', [
  oneNode('LayerNormalization', 'last axis with statistics', [x, scale, constant('float', [4])], {
    outputs: 3,
  }),
  oneNode('LayerNormalization', 'from the second axis, no shift', [x, constant('float', [3, 4])], {
    attributes: { axis: 1 },
    outputs: [true, false, true],
  }),
  oneNode('RMSNormalization', 'negative axis', [x, scale], { opset: 23, attributes: { axis: -1 } }),
  oneNode('RMSNormalization', 'first axis', [x, constant('float', [2, 3, 4])], {
    opset: 23,
    attributes: { axis: 0 },
  }),
  oneNode('SimplifiedLayerNormalization', 'with the inverse deviation', [x, scale], { outputs: 2 }),
  oneNode('SimplifiedLayerNormalization', 'output only', [x, scale]),
  oneNode(
    'GroupNormalization',
    'scale for each group',
    [fed('float', [2, 4, 3, 3]), constant('float', [2]), constant('float', [2])],
    { opset: 18, attributes: { num_groups: 2 } },
  ),
  oneNode(
    'GroupNormalization',
    'scale for each channel',
    [fed('float', [2, 4, 3]), scale, constant('float', [4])],
    { opset: 21, attributes: { num_groups: 2 } },
  ),
  oneNode(
    'SkipLayerNormalization',
    'sum asked',
    [x, fed('float', [2, 3, 4]), scale, constant('float', [4])],
    {
      domain,
      outputs: [true, false, false, true],
    },
  ),
  oneNode('SkipLayerNormalization', 'bias given', [x, x, scale, scale, scale], { domain }),
  oneNode('SkipSimplifiedLayerNormalization', 'sum asked', [x, x, scale], {
    domain,
    outputs: [true, false, false, true],
  }),
  oneNode('SkipSimplifiedLayerNormalization', 'bias given', [x, x, scale, scale], { domain }),
  oneNode(
    'EmbedLayerNormalization',
    'mask and sum',
    [
      fed('int32', [2, 3]),
      fed('int32', [2, 3]),
      constant('float', [5, 4]),
      constant('float', [6, 4]),
      constant('float', [2, 4]),
      scale,
      scale,
      fed('int32', [2, 3]),
    ],
    { domain, outputs: 3 },
  ),
  oneNode(
    'EmbedLayerNormalization',
    'no segments',
    [
      fed('int32', [2, 3]),
      undefined,
      constant('float', [5, 4]),
      constant('float', [6, 4]),
      undefined,
      scale,
      scale,
    ],
    { domain, outputs: 2 },
  ),
]);

// GPU operators, without a CPU kernel.
testAgainstSpec('Normalization', [
  [
    oneNode('GroupNorm', 'channels first', [fed('float16', [2, 4, 3, 3]), scale, scale], {
      domain,
      attributes: { groups: 2, activation: 0, channels_last: 0 },
    }),
    ['float16[2,4,3,3]'],
  ],
  [
    oneNode('SkipGroupNorm', 'output only', [fed('float', [1, 3, 3, 4]), scale, scale, scale], {
      domain,
    }),
    ['float[1,3,3,4]'],
  ],
  [
    oneNode('GroupNorm', 'channels last', [fed('float', [2, 3, 3, 4]), scale, scale], {
      domain,
      attributes: { groups: 2, activation: 1 },
    }),
    ['float[2,3,3,4]'],
  ],
  [
    oneNode('SkipGroupNorm', 'sum', [fed('float16', [2, 3, 3, 4]), scale, scale], {
      domain,
      outputs: 2,
    }),
    ['float16[2,3,3,4]', 'float16[2,3,3,4]'],
  ],
]);

testAgainstRuntime('Activations of com.microsoft', [
  oneNode('Gelu', 'plain', [x], { domain }),
  oneNode('FastGelu', 'without bias', [x], { domain }),
  oneNode('FastGelu', 'with bias', [x, scale], { domain }),
  oneNode('QuickGelu', 'plain', [x], { domain }),
  oneNode('BiasGelu', 'with bias', [x, scale], { domain }),
  oneNode('Gelu', 'vector', [scale], { domain }),
  oneNode('QuickGelu', 'another factor', [fed('float', [5])], {
    domain,
    attributes: { alpha: { f: 1 } },
  }),
  oneNode('BiasGelu', 'matrix', [fed('float', [3, 4]), scale], { domain }),
]);

testAgainstSpec('Activations of com.microsoft', [
  [oneNode('BiasAdd', 'with skip', [x, scale, x], { domain }), ['float[2,3,4]']],
  [
    oneNode('BiasAdd', 'half precision', [fed('float16', [2, 3, 4]), scale, x], { domain }),
    ['float16[2,3,4]'],
  ],
  [
    oneNode('BiasSplitGelu', 'images', [fed('float', [1, 9, 20]), fed('float', [20])], { domain }),
    ['float[1,9,10]'],
  ],
  [oneNode('BiasDropout', 'without mask', [x, scale, x], { domain }), ['float[2,3,4]']],
  [
    oneNode(
      'BiasSoftmax',
      'inner broadcast',
      [fed('float', [2, 4, 3, 3]), fed('float', [2, 1, 1, 3])],
      {
        domain,
        attributes: { axis: 3, is_inner_broadcast: 0 },
      },
    ),
    ['float[2,4,3,3]'],
  ],
  [oneNode('BiasSplitGelu', 'halves', [x, scale], { domain }), ['float[2,3,2]']],
  [oneNode('BiasSoftmax', 'broadcast', [x, x], { domain }), ['float[2,3,4]']],
  [
    oneNode('BiasDropout', 'with mask', [x, scale], { domain, outputs: 2 }),
    ['float[2,3,4]', 'bool[2,3,4]'],
  ],
]);
