import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDims,
  bindDim,
  ceilDivide,
  floorDivide,
  lowerBound,
  maxDims,
  minDims,
  moduloDims,
  multiplyDims,
  subtractDims,
  symbolicDim,
  symbolsOf,
  type Dim,
} from './dim';

const names = ['batch', 'w', 'h', "odd name's"];
const operations = {
  add: [addDims, (a: number, b: number) => a + b],
  subtract: [subtractDims, (a: number, b: number) => a - b],
  multiply: [multiplyDims, (a: number, b: number) => a * b],
  min: [minDims, Math.min],
  max: [maxDims, Math.max],
} as const;
const divisions = {
  floor: [floorDivide, (a: number, b: number) => Math.floor(a / b)],
  ceil: [ceilDivide, (a: number, b: number) => Math.ceil(a / b)],
  modulo: [moduloDims, (a: number, b: number) => a - b * Math.floor(a / b)],
} as const;

type Tree =
  | number
  | string
  | { op: keyof typeof operations; a: Tree; b: Tree }
  | { division: keyof typeof divisions; a: Tree; by: number | string };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom(...names),
    fc.record({
      op: fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])),
      a: tie('tree'),
      b: tie('tree'),
    }),
    fc.record({
      division: fc.constantFrom(...(Object.keys(divisions) as (keyof typeof divisions)[])),
      a: tie('tree'),
      by: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(...names)),
    }),
  ),
}));

const bindings = fc.record(
  Object.fromEntries(names.map((name) => [name, fc.integer({ min: 1, max: 40 })])),
);

function symbolic(node: Tree): Dim {
  if (typeof node === 'number') return node;
  if (typeof node === 'string') return symbolicDim(node);
  if ('op' in node) return operations[node.op][0](symbolic(node.a), symbolic(node.b));
  return divisions[node.division][0](symbolic(node.a), symbolic(node.by));
}

function evaluate(node: Tree, bound: Record<string, number>): number {
  if (typeof node === 'number') return node;
  if (typeof node === 'string') return bound[node];
  if ('op' in node) return operations[node.op][1](evaluate(node.a, bound), evaluate(node.b, bound));
  const by = evaluate(node.by, bound);
  return divisions[node.division][1](evaluate(node.a, bound), by);
}

describe('symbolic dimensions', () => {
  test('the canonical text means what the operations mean', () => {
    fc.assert(
      fc.property(tree, bindings, (node, bound) => {
        expect(bindDim(symbolic(node), bound) as number).toBeCloseTo(evaluate(node, bound), 9);
      }),
      { numRuns: 2_000 },
    );
  });

  test('binding some symbols and then the others is binding all', () => {
    fc.assert(
      fc.property(tree, bindings, (node, bound) => {
        const dim = symbolic(node);
        const { w, ...others } = bound;
        expect(bindDim(bindDim(dim, { w }), others)).toBe(bindDim(dim, bound));
      }),
    );
  });

  test('the text read back is the same text', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const dim = symbolic(node);
        expect(addDims(dim, 0)).toBe(dim);
        expect(bindDim(dim, {})).toBe(dim);
      }),
    );
  });

  test('the lower bound is one', () => {
    fc.assert(
      fc.property(tree, bindings, (node, bound) => {
        const dim = symbolic(node);
        expect(bindDim(dim, bound)).toBeGreaterThanOrEqual(lowerBound(dim));
      }),
    );
  });

  test.each<[Dim, Dim]>([
    [addDims('w', 'w', 1, -1), '2*w'],
    [subtractDims(multiplyDims('w', 'h'), multiplyDims('h', 'w')), 0],
    [floorDivide(addDims(multiplyDims(4, 'w'), 6), 2), '2*w + 3'],
    [floorDivide(addDims('w', 1), 2), 'floor((w + 1)/2)'],
    [floorDivide(addDims(multiplyDims(2, 'w'), 1), 4), 'floor(w/2)'],
    [floorDivide(floorDivide('w', 2), 2), 'floor(w/4)'],
    [floorDivide(addDims(floorDivide(addDims('w', 1), 2), 1), 2), 'floor((w + 3)/4)'],
    [floorDivide(multiplyDims('n', addDims('h', 1), 64), multiplyDims(8, addDims('h', 1))), '8*n'],
    [maxDims(addDims('w', 2), maxDims('w', 7)), 'max(7, w + 2)'],
    [minDims(addDims('w', 2), 'w'), 'w'],
    [symbolicDim('past + 1'), 'past + 1'],
    [symbolicDim('DynamicDimension.0'), 'DynamicDimension.0'],
    [symbolicDim('-1'), "'-1'"],
  ])('%s is spelled %s', (dim, text) => {
    expect(dim).toBe(text);
  });

  test('symbols are listed as the model names them', () => {
    expect(symbolsOf(floorDivide(multiplyDims('w', symbolicDim('?')), 3))).toEqual(['?', 'w']);
  });

  test('a dimension that grows without end is refused', () => {
    let dim: Dim = 1;
    const grow = () => {
      for (let i = 0; i < 100; i++) dim = multiplyDims(dim, addDims(`a${i}`, 1));
    };
    expect(grow).toThrow('too long to follow');
  });

  test('dividing by zero is refused', () => {
    expect(() => floorDivide('w', 0)).toThrow(RangeError);
    expect(() => floorDivide(4, 0)).toThrow(RangeError);
  });
});
