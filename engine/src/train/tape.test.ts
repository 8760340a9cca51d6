import { afterAll, describe, expect, test } from 'vitest';
import { makeAttribute } from '../ir/attributes';
import { fed, type Case } from '../ops/testing/one-node';
import { GraphBuilder } from './graph-builder';
import { Tape } from './tape';
import { checkGradient, closeTestRuntime } from './testing/check-gradient';

afterAll(closeTestRuntime);

function mixed(dims: readonly number[], phase: number) {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return fed(
    'float',
    dims,
    Array.from({ length: count }, (_, i) => Math.sin(phase + 1.9 * i)),
  );
}

/** One head of attention with a residual, a normalization and a perceptron behind it. */
const attention: Case = {
  title: 'a transformer block',
  given: {
    x: mixed([2, 3, 4], 1),
    q: mixed([4, 4], 2),
    k: mixed([4, 4], 3),
    v: mixed([4, 4], 4),
    scale: mixed([4], 5),
    shift: mixed([4], 6),
    up: mixed([4, 6], 7),
    down: mixed([6, 4], 8),
  },
  nodes: [
    { op: 'MatMul', in: ['x', 'q'], out: ['Q'] },
    { op: 'MatMul', in: ['x', 'k'], out: ['K'] },
    { op: 'MatMul', in: ['x', 'v'], out: ['V'] },
    { op: 'Transpose', in: ['K'], out: ['Kt'], attributes: { perm: [0, 2, 1] } },
    { op: 'MatMul', in: ['Q', 'Kt'], out: ['S'] },
    { op: 'Softmax', in: ['S'], out: ['P'], attributes: { axis: -1 } },
    { op: 'MatMul', in: ['P', 'V'], out: ['A'] },
    { op: 'Add', in: ['x', 'A'], out: ['R'] },
    { op: 'LayerNormalization', in: ['R', 'scale', 'shift'], out: ['N'] },
    { op: 'MatMul', in: ['N', 'up'], out: ['U'] },
    { op: 'Tanh', in: ['U'], out: ['T'] },
    { op: 'MatMul', in: ['T', 'down'], out: ['D'] },
    { op: 'Add', in: ['R', 'D'], out: ['y'] },
  ],
};

/** A value that is used twice, one that is used by nobody, a weight that two nodes share. */
const shared: Case = {
  title: 'shared weights and values',
  given: { x: mixed([2, 4], 1), w: mixed([4, 4], 2) },
  nodes: [
    { op: 'MatMul', in: ['x', 'w'], out: ['a'] },
    { op: 'Tanh', in: ['a'], out: ['b'] },
    { op: 'MatMul', in: ['b', 'w'], out: ['c'] },
    { op: 'Sigmoid', in: ['a'], out: ['nobody'] },
    { op: 'Mul', in: ['c', 'b'], out: ['y'] },
  ],
};

describe('whole graphs against finite differences in double precision', () => {
  test.each([attention, shared])('$title', async (each) => {
    const compared = await checkGradient(each);
    expect(compared.length).toBe(Object.keys(each.given).length);
    for (const { value, error } of compared) expect(error, value).toBeLessThan(5e-5);
  });
});

const attributes = { attribute: [], metadataProps: [] };

test('an operator without a rule is only in the way of what lies before it', () => {
  const build = new GraphBuilder();
  build.input('x', 'float', [1, 4]);
  build.input('before', 'float', [1, 4]);
  build.input('after', 'float', [1, 4]);
  const record = (trained: string) => {
    const tape = new Tape(build, [trained]);
    tape.record({ opType: 'Mul', input: ['x', 'before'], output: ['a'], ...attributes }, true);
    tape.record({ opType: 'Hardmax', input: ['a'], output: ['h'], ...attributes }, true);
    tape.record({ opType: 'Mul', input: ['h', 'after'], output: ['y'], ...attributes }, true);
    return tape;
  };
  expect(() => record('before').gradients('y')).toThrow(/Hardmax.*Freeze/s);
  expect(record('after').gradients('y')).toEqual([expect.any(String)]);
});

test('a node that leaves sizes open is named where they are needed', () => {
  const build = new GraphBuilder();
  for (const name of ['x', 'w']) build.input(name, 'float', [2, 1]);
  const tape = new Tape(build, ['w']);
  const found = { opType: 'NonZero', name: 'find', input: ['x'], output: ['places'] };
  tape.record({ ...found, ...attributes }, true);
  const to = { attribute: [makeAttribute('to', 1)], metadataProps: [] };
  tape.record({ opType: 'Cast', input: ['places'], output: ['c'], ...to }, true);
  tape.record({ opType: 'Mul', input: ['c', 'w'], output: ['a'], ...attributes }, true);
  const layer = { opType: 'LSTM', name: 'cell', input: ['a', 'w', 'w'], output: ['y'] };
  expect(() => tape.record({ ...layer, ...attributes }, true)).toThrow(
    /"a" are only known when it runs, because of find \(NonZero\)/,
  );
});
