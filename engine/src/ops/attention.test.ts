import { describe, expect, test } from 'vitest';
import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import { constant, costOf, fed, oneNode } from './testing/one-node';

const domain = 'com.microsoft';
const states = fed('float', [2, 5, 8]);

testAgainstRuntime('Attention', [
  oneNode(
    'RotaryEmbedding',
    'packed heads without position ids',
    [states, fed('float', [2, 5, 2]), fed('float', [2, 5, 2])],
    { opset: 23, attributes: { num_heads: 2 } },
  ),
  oneNode(
    'RotaryEmbedding',
    'four axes, one position',
    [
      fed('float', [2, 2, 5, 8]),
      fed('int64', [1]),
      constant('float', [9, 4]),
      constant('float', [9, 4]),
    ],
    { domain, attributes: { interleaved: 1 } },
  ),
  oneNode(
    'QAttention',
    'no state',
    [
      fed('uint8', [2, 5, 8]),
      constant('uint8', [8, 36]),
      constant('float', [36]),
      constant('float', [], [0.1]),
      constant('float', [], [0.1]),
      undefined,
      constant('uint8', [], [1]),
      constant('uint8', [], [1]),
    ],
    { domain, attributes: { num_heads: 2 } },
  ),
  oneNode(
    'DecoderMaskedMultiHeadAttention',
    'self attention with a shared buffer',
    [
      fed('float', [1, 1, 8]),
      fed('float', [1, 1, 8]),
      fed('float', [1, 1, 8]),
      undefined,
      undefined,
      fed('float', [1, 2, 6, 4]),
      fed('float', [1, 2, 6, 4]),
      fed('int32', [1], [2]),
    ],
    { domain, attributes: { num_heads: 2, past_present_share_buffer: 1 }, outputs: 3 },
  ),
  oneNode(
    'DecoderMaskedMultiHeadAttention',
    'cross attention',
    [fed('float', [1, 1, 8]), fed('float', [1, 2, 5, 4]), fed('float', [1, 2, 5, 4])],
    { domain, attributes: { num_heads: 2 } },
  ),
  oneNode(
    'Attention',
    'four axes, grouped heads, other value size, scores asked',
    [fed('float', [2, 4, 3, 8]), fed('float', [2, 2, 5, 8]), fed('float', [2, 2, 5, 6])],
    { opset: 23, outputs: [true, false, false, true] },
  ),
  oneNode(
    'Attention',
    'packed heads with a cache',
    [
      fed('float', [2, 3, 32]),
      fed('float', [2, 5, 16]),
      fed('float', [2, 5, 12]),
      undefined,
      fed('float', [2, 2, 4, 8]),
      fed('float', [2, 2, 4, 6]),
    ],
    { opset: 23, outputs: 3, attributes: { q_num_heads: 4, kv_num_heads: 2 } },
  ),
  oneNode(
    'RotaryEmbedding',
    'four axes',
    [fed('float', [2, 3, 5, 8]), fed('float', [5, 4]), fed('float', [5, 4]), fed('int64', [2, 5])],
    { opset: 23 },
  ),
  oneNode(
    'RotaryEmbedding',
    'position ids second',
    [states, fed('int64', [2, 5]), constant('float', [5, 2]), constant('float', [5, 2])],
    { domain, attributes: { num_heads: 2 } },
  ),
  oneNode(
    'Attention',
    'projections inside',
    [states, constant('float', [8, 36]), constant('float', [36])],
    {
      domain,
      attributes: { num_heads: 2 },
    },
  ),
  oneNode(
    'Attention',
    'unequal projections',
    [states, constant('float', [8, 40]), constant('float', [40])],
    { domain, attributes: { num_heads: 2, qkv_hidden_sizes: [12, 12, 16] } },
  ),
  oneNode(
    'Attention',
    'with past and present',
    [
      states,
      constant('float', [8, 36]),
      constant('float', [36]),
      undefined,
      fed('float', [2, 2, 2, 4, 6]),
    ],
    { domain, attributes: { num_heads: 2, unidirectional: 1 }, outputs: 2 },
  ),
  oneNode(
    'QAttention',
    'quantized with present',
    [
      fed('uint8', [2, 5, 8]),
      constant('int8', [8, 36]),
      constant('float', [36]),
      constant('float', [], [0.1]),
      constant('float', [], [0.1]),
      undefined,
      constant('uint8', [], [1]),
      constant('int8', [], [0]),
      fed('float', [2, 2, 2, 4, 6]),
    ],
    { domain, attributes: { num_heads: 2, unidirectional: 1 }, outputs: 2 },
  ),
  oneNode(
    'MultiHeadAttention',
    'cross attention with another value size',
    [fed('float', [2, 3, 8]), fed('float', [2, 5, 8]), fed('float', [2, 5, 12])],
    { domain, attributes: { num_heads: 2 } },
  ),
  oneNode(
    'MultiHeadAttention',
    'cache of past keys',
    [
      fed('float', [2, 3, 8]),
      fed('float', [2, 3, 8]),
      fed('float', [2, 3, 8]),
      undefined,
      undefined,
      undefined,
      fed('float', [2, 2, 4, 4]),
      fed('float', [2, 2, 4, 4]),
    ],
    { domain, attributes: { num_heads: 2 }, outputs: 3 },
  ),
  oneNode(
    'MultiHeadAttention',
    'keys and values are caches already',
    [fed('float', [2, 3, 8]), fed('float', [2, 2, 5, 4]), fed('float', [2, 2, 5, 4])],
    { domain, attributes: { num_heads: 2 } },
  ),
  oneNode(
    'GroupQueryAttention',
    'first call',
    [
      fed('float', [1, 3, 32]),
      fed('float', [1, 3, 16]),
      fed('float', [1, 3, 16]),
      undefined,
      undefined,
      constant('int32', [1], [2]),
      constant('int32', [], [3]),
    ],
    { domain, attributes: { num_heads: 4, kv_num_heads: 2 }, outputs: 3 },
  ),
  oneNode(
    'GroupQueryAttention',
    'one more token, packed',
    [
      fed('float', [1, 1, 64]),
      undefined,
      undefined,
      fed('float', [1, 2, 4, 8]),
      fed('float', [1, 2, 4, 8]),
      constant('int32', [1], [4]),
      constant('int32', [], [5]),
    ],
    { domain, attributes: { num_heads: 4, kv_num_heads: 2 }, outputs: 3 },
  ),
]);

// ONNX Runtime's CPU build has no kernel for these.
testAgainstSpec('Attention', [
  [
    oneNode(
      'PackedAttention',
      'unequal projections',
      [
        fed('float16', [7, 8]),
        constant('float16', [8, 40]),
        constant('float16', [40]),
        fed('int32', [2, 5]),
        fed('int32', [3]),
      ],
      { domain, attributes: { num_heads: 2, qkv_hidden_sizes: [12, 12, 16] } },
    ),
    ['float16[7,16]'],
  ],
  [
    oneNode(
      'DecoderMaskedSelfAttention',
      'growing cache',
      [
        fed('float', [2, 1, 8]),
        constant('float', [8, 36]),
        constant('float', [36]),
        undefined,
        fed('float', [2, 2, 2, 9, 6]),
      ],
      { domain, attributes: { num_heads: 2 }, outputs: 2 },
    ),
    ['float[2,1,12]', 'float[2,2,2,10,6]'],
  ],
  [
    oneNode(
      'PackedAttention',
      'tokens without padding',
      [
        fed('float', [7, 8]),
        constant('float', [8, 36]),
        constant('float', [36]),
        fed('int32', [2, 5]),
        fed('int32', [3]),
      ],
      { domain, attributes: { num_heads: 2 } },
    ),
    ['float[7,12]'],
  ],
  [
    oneNode(
      'DecoderMaskedSelfAttention',
      'shared buffer',
      [
        fed('float', [2, 1, 8]),
        constant('float', [8, 36]),
        constant('float', [36]),
        undefined,
        fed('float', [2, 2, 2, 9, 6]),
      ],
      { domain, attributes: { num_heads: 2, past_present_share_buffer: 1 }, outputs: 2 },
    ),
    ['float[2,1,12]', 'float[2,2,2,9,6]'],
  ],
  [
    oneNode(
      'MultiHeadAttention',
      'queries, keys and values packed',
      [fed('float', [2, 5, 4, 3, 6])],
      { domain, attributes: { num_heads: 4 } },
    ),
    ['float[2,5,24]'],
  ],
  [
    oneNode(
      'MultiHeadAttention',
      'keys and values packed',
      [fed('float', [2, 3, 24]), fed('float', [2, 5, 4, 2, 6])],
      { domain, attributes: { num_heads: 4 } },
    ),
    ['float[2,3,24]'],
  ],
  [
    oneNode(
      'Attention',
      'cache asked for the first time, opset 24',
      [fed('float', [1, 4, 3, 8]), fed('float', [1, 4, 5, 8]), fed('float', [1, 4, 5, 8])],
      { opset: 24, outputs: 4 },
    ),
    ['float[1,4,3,8]', 'float[1,4,5,8]', 'float[1,4,5,8]', 'float[1,4,3,5]'],
  ],
]);

describe('cost of attention', () => {
  test('queries times keys, then scores times values, for each head', () => {
    const each = oneNode('Attention', 'cost', [
      fed('float', [2, 4, 3, 8]),
      fed('float', [2, 2, 5, 8]),
      fed('float', [2, 2, 5, 6]),
    ]);
    // 2 batches × 4 heads × 3 queries × 5 keys × (8 + 6).
    expect(costOf(each).macs).toBe(1680);
  });

  test('projections and cached keys count too', () => {
    const each = oneNode(
      'Attention',
      'cost',
      [states, fed('float', [8, 36]), undefined, undefined, fed('float', [2, 2, 2, 4, 6])],
      { domain, attributes: { num_heads: 2 } },
    );
    // Projections 2 × 5 × 8 × 36; then 2 batches × 2 heads × 5 queries × 9 keys × (6 + 6).
    expect(costOf(each).macs).toBe(2880 + 2160);
  });

  test('shared key heads save no products', () => {
    const cost = (keyHeads: number) =>
      costOf(
        oneNode(
          'GroupQueryAttention',
          'cost',
          [
            fed('float', [1, 3, 16]),
            fed('float', [1, 3, 4 * keyHeads]),
            fed('float', [1, 3, 4 * keyHeads]),
            undefined,
            undefined,
            fed('int32', [1]),
            constant('int32', [], [3]),
          ],
          { domain, attributes: { num_heads: 4, kv_num_heads: keyHeads }, outputs: 3 },
        ),
      ).macs;
    // 4 heads × 3 queries × 3 keys × (4 + 4).
    expect(cost(1)).toBe(288);
    expect(cost(4)).toBe(288);
  });
});
