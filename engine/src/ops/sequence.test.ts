import { expect, test } from 'vitest';
import { testAgainstRuntime } from './testing/differential';
import { constant, fed, infer, oneNode, subgraph, type Case } from './testing/one-node';

const x = fed('float', [2, 3]);

const at = (sequence: string, out: string) => ({
  op: 'SequenceAt',
  in: [sequence, 'zero'],
  out: [out],
});
const zero = constant('int64', [], [0]);

testAgainstRuntime('Sequences', [
  {
    title: 'SequenceConstruct: equal elements',
    given: { x, zero },
    nodes: [{ op: 'SequenceConstruct', in: ['x', 'x'], out: ['s'] }, at('s', 'y')],
  },
  {
    title: 'SequenceConstruct: elements that differ in a size',
    given: { x, z: fed('float', [2, 5]), zero },
    nodes: [{ op: 'SequenceConstruct', in: ['x', 'z'], out: ['s'] }, at('s', 'y')],
    unknown: 1,
    unknownSymbols: 2,
  },
  {
    title: 'SequenceInsert and SequenceErase',
    given: { x, zero },
    nodes: [
      { op: 'SequenceConstruct', in: ['x'], out: ['s'] },
      { op: 'SequenceInsert', in: ['s', 'x', 'zero'], out: ['t'] },
      { op: 'SequenceErase', in: ['t', 'zero'], out: ['u'] },
      at('u', 'y'),
    ],
  },
  {
    title: 'SequenceLength',
    given: { x },
    nodes: [
      { op: 'SequenceConstruct', in: ['x', 'x'], out: ['s'] },
      { op: 'SequenceLength', in: ['s'], out: ['y'] },
    ],
  },
  ...splitCases(),
  {
    title: 'ConcatFromSequence: along an axis',
    given: { x },
    nodes: [
      { op: 'SequenceConstruct', in: ['x', 'x'], out: ['s'] },
      { op: 'ConcatFromSequence', in: ['s'], out: ['y'], attributes: { axis: -1 } },
    ],
    unknown: 1,
  },
  {
    title: 'ConcatFromSequence: along a new axis',
    given: { x },
    nodes: [
      { op: 'SequenceConstruct', in: ['x', 'x'], out: ['s'] },
      { op: 'ConcatFromSequence', in: ['s'], out: ['y'], attributes: { axis: 1, new_axis: 1 } },
    ],
    unknown: 1,
  },
]);

function splitCases(): Case[] {
  const split = (
    title: string,
    given: Case['given'],
    attributes: Record<string, number>,
    unknown = 0,
  ) => ({
    title: `SplitToSequence: ${title}`,
    given: { x: fed('float', [4, 6]), zero, ...given },
    nodes: [
      { op: 'SplitToSequence', in: given.size ? ['x', 'size'] : ['x'], out: ['s'], attributes },
      at('s', 'y'),
    ],
    unknown,
  });
  return [
    split('single slices', {}, { axis: 1 }),
    split('single slices without the axis', {}, { axis: 0, keepdims: 0 }),
    {
      ...split('equal chunks', { size: constant('int64', [], [3]) }, { axis: 1 }),
      unknownSymbols: 1,
    },
    split('a smaller last chunk', { size: constant('int64', [], [4]) }, { axis: 1 }, 1),
    split('chunks of equal sizes', { size: constant('int64', [2], [2, 2]) }, { axis: -2 }),
    split('chunks of unequal sizes', { size: constant('int64', [2], [1, 3]) }, { axis: 0 }, 1),
  ];
}

testAgainstRuntime('Optionals', [
  {
    title: 'Optional: wrapped and taken out',
    given: { x },
    nodes: [
      { op: 'Optional', in: ['x'], out: ['o'] },
      { op: 'OptionalGetElement', in: ['o'], out: ['y'] },
    ],
    opset: 15,
  },
  {
    title: 'OptionalHasElement',
    given: { x },
    nodes: [
      { op: 'Optional', in: ['x'], out: ['o'] },
      { op: 'OptionalHasElement', in: ['o'], out: ['y'] },
    ],
    opset: 15,
  },
  oneNode('OptionalGetElement', 'of a plain tensor', [x], { opset: 18 }),
  oneNode('OptionalHasElement', 'of a plain tensor', [x], { opset: 18 }),
]);

test('SequenceMap applies its body to the elements', () => {
  const body = subgraph(
    { each: 'float', offset: 'float' },
    [
      { op: 'Add', in: ['each', 'offset'], out: ['sum'] },
      { op: 'Transpose', in: ['sum'], out: ['turned'] },
    ],
    { turned: 'float' },
  );
  const table = infer({
    title: 'map',
    given: { x, offset: fed('float', [3]) },
    nodes: [
      { op: 'SequenceConstruct', in: ['x', 'x'], out: ['s'] },
      { op: 'SequenceMap', in: ['s', 'offset'], out: ['t'], attributes: { body } },
    ],
  });
  expect(table.issues).toEqual([]);
  expect(table.type('t')).toMatchObject({ elements: { dtype: 'float', shape: [3, 2] } });
});
