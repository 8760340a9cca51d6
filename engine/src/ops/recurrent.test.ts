import { describe, expect, test } from 'vitest';
import { testAgainstRuntime } from './testing/differential';
import { constant, costOf, fed, infer, oneNode } from './testing/one-node';

const x = fed('float', [5, 3, 4]);

testAgainstRuntime('Recurrent cells', [
  oneNode(
    'DynamicQuantizeLSTM',
    'bidirectional, last states only',
    [
      x,
      constant('uint8', [2, 4, 24]),
      constant('uint8', [2, 6, 24]),
      constant('float', [2, 48]),
      undefined,
      undefined,
      undefined,
      undefined,
      constant('float', [2]),
      constant('uint8', [2]),
      constant('float', [2]),
      constant('uint8', [2]),
    ],
    {
      domain: 'com.microsoft',
      attributes: { hidden_size: 6, direction: 'bidirectional' },
      outputs: [false, true, true],
    },
  ),
  oneNode(
    'LSTM',
    'forward, all outputs',
    [x, constant('float', [1, 24, 4]), constant('float', [1, 24, 6])],
    {
      attributes: { hidden_size: 6 },
      outputs: 3,
    },
  ),
  oneNode(
    'LSTM',
    'bidirectional with bias and states, last states only',
    [
      x,
      constant('float', [2, 24, 4]),
      constant('float', [2, 24, 6]),
      constant('float', [2, 48]),
      undefined,
      fed('float', [2, 3, 6]),
      fed('float', [2, 3, 6]),
    ],
    { attributes: { hidden_size: 6, direction: 'bidirectional' }, outputs: [false, true, true] },
  ),
  oneNode(
    'LSTM',
    'reverse with sequence lengths',
    [
      x,
      constant('float', [1, 24, 4]),
      constant('float', [1, 24, 6]),
      undefined,
      fed('int32', [3], [5, 2, 1]),
    ],
    { attributes: { hidden_size: 6, direction: 'reverse' }, outputs: 3 },
  ),
  oneNode(
    'GRU',
    'bidirectional',
    [x, constant('float', [2, 18, 4]), constant('float', [2, 18, 6])],
    {
      attributes: { hidden_size: 6, direction: 'bidirectional', linear_before_reset: 1 },
      outputs: 2,
    },
  ),
  oneNode(
    'GRU',
    'forward, last state only',
    [x, constant('float', [1, 18, 4]), constant('float', [1, 18, 6])],
    {
      attributes: { hidden_size: 6 },
      outputs: [false, true],
    },
  ),
  oneNode('RNN', 'forward', [x, constant('float', [1, 6, 4]), constant('float', [1, 6, 6])], {
    attributes: { hidden_size: 6 },
    outputs: 2,
  }),
  oneNode('RNN', 'bidirectional', [x, constant('float', [2, 6, 4]), constant('float', [2, 6, 6])], {
    attributes: { hidden_size: 6, direction: 'bidirectional' },
    outputs: 2,
  }),
  oneNode(
    'DynamicQuantizeLSTM',
    'weights transposed',
    [
      x,
      constant('int8', [1, 4, 24]),
      constant('int8', [1, 6, 24]),
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      constant('float', [1]),
      constant('int8', [1], [0]),
      constant('float', [1]),
      constant('int8', [1], [0]),
    ],
    { domain: 'com.microsoft', attributes: { hidden_size: 6 }, outputs: 3 },
  ),
]);

// Steps 5, batch 3, input 4, hidden 6: each step of each sample is gates × 6 × (4 + 6) MACs.
describe('cost of recurrent cells', () => {
  test.each([
    ['LSTM', 'forward', 5 * 3 * 240],
    ['GRU', 'reverse', 5 * 3 * 180],
    ['RNN', 'forward', 5 * 3 * 60],
    ['LSTM', 'bidirectional', 2 * 5 * 3 * 240],
  ])('%s %s', (op, direction, macs) => {
    const each = oneNode(op, 'cost', [x], { attributes: { hidden_size: 6, direction } });
    expect(costOf(each).macs).toBe(macs);
  });

  test('batch-first layout counts the same', () => {
    const each = oneNode('LSTM', 'cost', [fed('float', [3, 5, 4])], {
      attributes: { hidden_size: 6, layout: 1 },
      outputs: 3,
    });
    expect(costOf(each).macs).toBe(5 * 3 * 240);
    const types = infer(each);
    expect(types.type('o0')?.shape).toEqual([3, 5, 1, 6]);
    expect(types.type('o2')?.shape).toEqual([3, 1, 6]);
  });
});
