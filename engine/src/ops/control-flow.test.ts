import { describe, expect, test } from 'vitest';
import { inlineFunctions } from '../ir/inline-functions';
import type { FunctionDefinition } from '../ir/model';
import { graphCost } from './cost';
import { inferTypes } from './infer';
import { testAgainstRuntime } from './testing/differential';
import { buildModel, constant, costOf, fed, infer, subgraph, type Case } from './testing/one-node';

const x = fed('float', [2, 3]);
const weights = { w: constant('float', [3, 4]) };

const same = subgraph({}, [{ op: 'Relu', in: ['x'], out: ['t'] }], { t: 'float' });
const wider = subgraph(
  {},
  [{ op: 'Concat', in: ['x', 'x'], out: ['e'], attributes: { axis: 1 } }],
  {
    e: 'float',
  },
);
const flat = subgraph({}, [{ op: 'Flatten', in: ['x'], out: ['e'], attributes: { axis: 0 } }], {
  e: 'float',
});
const vector = subgraph(
  {},
  [{ op: 'Reshape', in: ['x', 'minus'], out: ['e'] }],
  { e: 'float' },
  {
    minus: constant('int64', [1], [-1]),
  },
);

function ifCase(title: string, elseBranch: typeof same, condition = fed('bool', [], [1])): Case {
  return {
    title: `If: ${title}`,
    given: { x, condition },
    nodes: [
      {
        op: 'If',
        in: ['condition'],
        out: ['y'],
        attributes: { then_branch: same, else_branch: elseBranch },
      },
    ],
  };
}

testAgainstRuntime('If', [
  ifCase('branches agree', same),
  { ...ifCase('branches differ in a size', wider), unknown: 1 },
  { ...ifCase('branches differ in both sizes', flat), unknown: 2 },
  { ...ifCase('branches differ in rank', vector), unknown: 1 },
  ifCase('condition known', vector, constant('bool', [], [1])),
]);

/** Doubles the first axis of `c` each time and gives its sum. */
const growing = subgraph(
  { i: 'int64[]', cond: 'bool[]', c: 'float' },
  [
    { op: 'Identity', in: ['cond'], out: ['go'] },
    { op: 'Concat', in: ['c', 'c'], out: ['next'], attributes: { axis: 0 } },
    { op: 'ReduceSum', in: ['c'], out: ['sum'], attributes: { keepdims: 0 } },
  ],
  { go: 'bool[]', next: 'float', sum: 'float' },
);

/** Keeps the shape of `c`, multiplying it by captured weights, and gives it as scan output. */
const steady = subgraph(
  { i: 'int64[]', cond: 'bool[]', c: 'float' },
  [
    { op: 'Identity', in: ['cond'], out: ['go'] },
    { op: 'MatMul', in: ['c', 'square'], out: ['next'] },
    { op: 'Relu', in: ['next'], out: ['each'] },
  ],
  { go: 'bool[]', next: 'float', each: 'float' },
);

const stopping = subgraph(
  { i: 'int64[]', cond: 'bool[]', c: 'float' },
  [
    { op: 'Less', in: ['i', 'limit'], out: ['go'] },
    { op: 'Relu', in: ['c'], out: ['next'] },
    { op: 'Relu', in: ['c'], out: ['each'] },
  ],
  { go: 'bool[]', next: 'float', each: 'float' },
  { limit: constant('int64', [], [2]) },
);

const square = constant('float', [3, 3]);
const trips = constant('int64', [], [4]);
const yes = constant('bool', [], [1]);

function loopCase(title: string, body: typeof same, given: Case['given'], unknown = 0): Case {
  return {
    title: `Loop: ${title}`,
    given: { c: x, square, ...given },
    nodes: [
      {
        op: 'Loop',
        in: [given.trips ? 'trips' : '', given.yes ? 'yes' : '', 'c'],
        out: ['final', 'scanned'],
        attributes: { body },
      },
    ],
    unknown,
  };
}

testAgainstRuntime('Loop', [
  { ...loopCase('steady shapes, known trip count', steady, { trips, yes }), unknownSymbols: 1 },
  { ...loopCase('no condition', steady, { trips }), unknownSymbols: 1 },
  {
    ...loopCase('trip count given at run time', steady, { trips: fed('int64', [], [4]), yes }, 1),
    unknownSymbols: 2,
  },
  loopCase('a carried axis that grows', growing, { trips, yes }, 1),
  loopCase('a condition that ends it', stopping, { trips, yes }, 1),
  loopCase('only a condition ends it', stopping, { yes }, 1),
  {
    title: 'Loop: a carried sequence',
    given: { trips, yes, x },
    nodes: [
      { op: 'SequenceEmpty', in: [], out: ['empty'] },
      {
        op: 'Loop',
        in: ['trips', 'yes', 'empty'],
        out: ['filled'],
        attributes: {
          body: sequenceBody(),
        },
      },
      { op: 'ConcatFromSequence', in: ['filled'], out: ['y'], attributes: { axis: 0 } },
    ],
    // That it starts empty hides the shape of its elements.
    unknown: 1,
  },
]);

function sequenceBody() {
  const graph = subgraph(
    { i: 'int64[]', cond: 'bool[]', s: 'float' },
    [
      { op: 'Identity', in: ['cond'], out: ['go'] },
      { op: 'SequenceInsert', in: ['s', 'x'], out: ['more'] },
    ],
    { go: 'bool[]', more: 'float' },
  );
  for (const info of [graph.input[2], graph.output[1]]) {
    info.type = { sequenceType: { elemType: info.type } };
  }
  return graph;
}

const cumulative = subgraph(
  { state: 'float', each: 'float' },
  [
    { op: 'Add', in: ['state', 'each'], out: ['sum'] },
    { op: 'MatMul', in: ['sum', 'square'], out: ['product'] },
  ],
  { sum: 'float', product: 'float' },
);

function scanCase(
  title: string,
  given: Case['given'],
  attributes: Record<string, number | number[]>,
): Case {
  return {
    title: `Scan: ${title}`,
    given: { ...given, square },
    nodes: [
      {
        op: 'Scan',
        in: ['state', 'xs'],
        out: ['final', 'scanned'],
        attributes: { body: cumulative, num_scan_inputs: 1, ...attributes },
      },
    ],
  };
}

testAgainstRuntime('Scan', [
  scanCase('first axis', { state: fed('float', [2, 3]), xs: fed('float', [5, 2, 3]) }, {}),
  scanCase(
    'other axes',
    { state: fed('float', [2, 3]), xs: fed('float', [2, 5, 3]) },
    { scan_input_axes: [1], scan_output_axes: [-1] },
  ),
  scanCase(
    'backwards',
    { state: fed('float', [3]), xs: fed('float', [4, 3]) },
    { scan_input_directions: [1] },
  ),
]);

describe('cost of control flow', () => {
  const product = subgraph(
    {},
    [{ op: 'MatMul', in: ['x', 'w'], out: ['p'] }],
    { p: 'float' },
    weights,
  );

  test('If costs what its more expensive branch does', () => {
    // 2 × 3 by 3 × 4.
    expect(costOf(ifCase('cost', product)).macs).toBe(24);
    expect(costOf(ifCase('cost', same))).toEqual({ macs: 0, elementwise: 6 });
  });

  test('a known condition costs its branch', () => {
    expect(costOf(ifCase('cost', product, constant('bool', [], [1]))).macs).toBe(0);
    expect(costOf(ifCase('cost', product, constant('bool', [], [0]))).macs).toBe(24);
  });

  test('Loop and Scan cost their body for each trip', () => {
    // 4 trips of 2 × 3 by 3 × 3; then 5 steps of the same.
    expect(costOf(loopCase('cost', steady, { trips, yes })).macs).toBe(4 * 18);
    const scan = scanCase('cost', { state: x, xs: fed('float', [5, 2, 3]) }, {});
    expect(costOf(scan).macs).toBe(5 * 18);
  });
});

test('a loop that changes all it carries in every round ends', () => {
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
  // Each value takes the place of the next, so that differences travel one step a round.
  const body = subgraph(
    Object.fromEntries([
      ['i', 'int64[]'],
      ['cond', 'bool[]'],
      ...names.map((name) => [name, 'float']),
    ]),
    [
      { op: 'Identity', in: ['cond'], out: ['go'] },
      ...names.map((_, i) => ({ op: 'Identity', in: [names[Math.max(0, i - 1)]], out: [`n${i}`] })),
    ],
    Object.fromEntries([['go', 'bool[]'], ...names.map((_, i) => [`n${i}`, 'float'])]),
  );
  const given = Object.fromEntries(
    names.map((name, i) => [name, fed('float', i === 0 ? [2] : [3])] as const),
  );
  const table = infer({
    title: 'chain',
    given: { trips, ...given },
    nodes: [
      {
        op: 'Loop',
        in: ['trips', '', ...names],
        out: names.map((_, i) => `o${i}`),
        attributes: { body },
      },
    ],
  });
  expect(table.issues).toEqual([]);
  expect(table.type('o0')?.shape).toEqual([2]);
  expect(table.type('o1')?.shape).not.toEqual([3]);
});

test('control flow inside a function of the model is followed', () => {
  const product = subgraph(
    {},
    [{ op: 'MatMul', in: ['x', 'w'], out: ['p'] }],
    { p: 'float' },
    weights,
  );
  const { graph } = buildModel(ifCase('inside', product));
  const choose: FunctionDefinition = {
    name: 'Choose',
    domain: 'local',
    input: ['x', 'condition'],
    output: ['y'],
    attribute: [],
    attributeProto: [],
    node: graph!.node,
    opsetImport: [{ domain: '', version: 21 }],
    valueInfo: [],
    metadataProps: [],
  };
  const calling = buildModel({
    title: 'call',
    given: { a: x, b: fed('bool', []) },
    nodes: [{ op: 'Choose', domain: 'local', in: ['a', 'b'], out: ['r'] }],
  });
  const { model } = inlineFunctions({ ...calling, functions: [choose] });
  const types = inferTypes(model);
  expect(types.issues).toEqual([]);
  expect(types.type('r')).toMatchObject({ dtype: 'float', shape: [2, expect.any(String)] });
  expect(graphCost(model.graph!, types, Number).macs).toBe(24);
});
