import { describe, expect, test } from 'vitest';
import { makeAttribute } from '../ir/attributes';
import type { FunctionDefinition, Model } from '../ir/model';
import { makeTensor } from '../ir/tensor';
import { ops } from './index';
import { inferTypes } from './infer';
import { buildModel, constant, fed, type Case, type NodeSpec } from './testing/one-node';

/** A model with one input `x` of shape [batch, 3, h, w]. */
function chain(nodes: readonly NodeSpec[], given: Case['given'] = {}): Model {
  const model = buildModel({
    title: '',
    given: { x: fed('float', [1, 3, 8, 8]), ...given },
    nodes,
  });
  const dims = model.graph!.input[0].type!.tensorType!.shape!.dim;
  ['batch', undefined, 'h', 'w'].forEach((dimParam, axis) => {
    if (dimParam) dims[axis] = { dimParam };
  });
  return model;
}

const ints = (...values: number[]) => constant('int64', [values.length], values);

describe('contents of integer values', () => {
  test('follow Shape, Gather, Mul and Concat into a Reshape', () => {
    const model = chain(
      [
        { op: 'Shape', in: ['x'], out: ['shape'] },
        { op: 'Gather', in: ['shape', 'zero'], out: ['n'] },
        { op: 'Gather', in: ['shape', 'two'], out: ['h'] },
        { op: 'Gather', in: ['shape', 'three'], out: ['w'] },
        { op: 'Mul', in: ['h', 'w'], out: ['area'] },
        { op: 'Unsqueeze', in: ['n', 'first'], out: ['n1'] },
        { op: 'Unsqueeze', in: ['area', 'first'], out: ['area1'] },
        { op: 'Concat', in: ['n1', 'channels', 'area1'], out: ['target'], attributes: { axis: 0 } },
        { op: 'Reshape', in: ['x', 'target'], out: ['y'] },
      ],
      {
        zero: constant('int64', [], [0]),
        two: constant('int64', [], [2]),
        three: constant('int64', [], [-1]),
        first: ints(0),
        channels: ints(-1),
      },
    );
    expect(inferTypes(model).type('y')?.shape).toEqual(['batch', 3, 'h*w']);
    const bound = inferTypes(model, { bind: { h: 5, batch: 2 } });
    expect(bound.type('y')?.shape).toEqual([2, 3, '5*w']);
    const given = inferTypes(model, { inputs: { x: [2, 3, 5, 7] } });
    expect(given.type('y')?.shape).toEqual([2, 3, 35]);
    expect(given.type('target')?.content).toEqual([2, -1, 35]);
  });

  test('follow the pad widths that older exporters compute', () => {
    const model = chain(
      [
        {
          op: 'ConstantOfShape',
          in: ['four'],
          out: ['zeros'],
          attributes: { value: makeTensor('', 'int64', [1], [0]) },
        },
        { op: 'Concat', in: ['widths', 'zeros'], out: ['all'], attributes: { axis: 0 } },
        { op: 'Reshape', in: ['all', 'pairs'], out: ['matrix'] },
        { op: 'Slice', in: ['matrix', 'last', 'start', 'first', 'back'], out: ['reversed'] },
        { op: 'Transpose', in: ['reversed'], out: ['columns'], attributes: { perm: [1, 0] } },
        { op: 'Reshape', in: ['columns', 'flat'], out: ['flatWidths'] },
        { op: 'Cast', in: ['flatWidths'], out: ['pads'], attributes: { to: 7 } },
        { op: 'Pad', in: ['x', 'pads'], out: ['y'] },
      ],
      {
        four: ints(4),
        widths: ints(1, 2, 3, 4),
        pairs: ints(-1, 2),
        flat: ints(-1),
        last: ints(-1),
        start: ints(-(2 ** 53)),
        first: ints(0),
        back: ints(-1),
      },
    );
    const table = inferTypes(model);
    expect(table.type('pads')?.content).toEqual([0, 0, 3, 1, 0, 0, 4, 2]);
    expect(table.type('y')?.shape).toEqual(['batch', 3, 'h + 7', 'w + 3']);
  });

  test('decide comparisons that hold for every size, and leave others open', () => {
    const model = chain(
      [
        { op: 'Shape', in: ['x'], out: ['shape'] },
        { op: 'Equal', in: ['shape', 'minus'], out: ['unset'] },
        { op: 'Where', in: ['unset', 'ones', 'shape'], out: ['chosen'] },
        { op: 'Expand', in: ['bias', 'chosen'], out: ['y'] },
        { op: 'Equal', in: ['shape', 'sevens'], out: ['open'] },
      ],
      {
        minus: ints(-1),
        ones: ints(1, 1, 1, 1),
        bias: constant('float', [3, 1, 1]),
        sevens: ints(7, 7, 7, 7),
      },
    );
    const table = inferTypes(model);
    expect(table.type('y')?.shape).toEqual(['batch', 3, 'h', 'w']);
    expect(table.type('open')?.content).toBeUndefined();
  });

  test('stop growing at a bound', () => {
    const model = chain([{ op: 'Range', in: ['from', 'to', 'by'], out: ['y'] }], {
      from: constant('int64', [], [0]),
      to: constant('int64', [], [1_000_000]),
      by: constant('int64', [], [1]),
    });
    const type = inferTypes(model).type('y');
    expect(type?.shape).toEqual([1_000_000]);
    expect(type?.content).toBeUndefined();
  });
});

describe('what cannot be inferred', () => {
  test('an unknown operator gives one piece of information, and declared types are used', () => {
    const model = chain([
      { op: 'Mystery', domain: 'acme', in: ['x'], out: ['a'] },
      { op: 'Mystery', domain: 'acme', in: ['a'], out: ['b'] },
      { op: 'Relu', in: ['b'], out: ['y'] },
    ]);
    model.graph!.valueInfo.push({
      name: 'b',
      type: {
        tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'batch' }, { dimValue: 7 }] } },
      },
      metadataProps: [],
    });
    const table = inferTypes(model, { bind: { batch: 4 } });
    expect(table.type('a')).toBeUndefined();
    expect(table.type('y')).toEqual({ dtype: 'float', shape: [4, 7] });
    expect(table.issues).toHaveLength(1);
    expect(table.issues[0]).toMatchObject({ severity: 'information', code: 'unknown-operator' });
    expect(table.issues[0].message).toContain('acme.Mystery');
  });

  test('a rule that fails is named, and inference goes on', () => {
    const model = chain(
      [
        { op: 'Add', in: ['x', 'other'], out: ['sum'] },
        { op: 'Relu', in: ['x'], out: ['y'] },
      ],
      { other: constant('float', [5, 1, 1]) },
    );
    const table = inferTypes(model);
    expect(table.type('sum')).toBeUndefined();
    expect(table.type('y')?.shape).toEqual(['batch', 3, 'h', 'w']);
    expect(table.issues).toMatchObject([{ code: 'shape-inference', node: 'Add_sum' }]);
  });

  test('an impossible size does not spread', () => {
    const model = chain([{ op: 'Conv', in: ['x', 'w'], out: ['y'] }], {
      w: constant('float', [4, 3, 9, 9]),
    });
    const table = inferTypes(model, { inputs: { x: [1, 3, 2, 2] } });
    expect(table.type('y')).toEqual({ dtype: 'float' });
    expect(table.issues[0].message).toContain('[1, 4, -6, -6]');
  });

  test('a cycle ends', () => {
    const model = chain([
      { op: 'Add', in: ['x', 'b'], out: ['a'] },
      { op: 'Relu', in: ['a'], out: ['b'] },
    ]);
    expect(inferTypes(model).type('a')).toBeUndefined();
  });

  test('no operator fails when nothing is known of its inputs', () => {
    for (const op of ops) {
      const model = chain([
        { op: op.type, domain: op.domain, in: ['u', 'v', 'w', 'z'], out: ['a', 'b', 'c'] },
      ]);
      expect([op.type, inferTypes(model).issues]).toEqual([op.type, []]);
    }
  });
});

test('an initializer that is also an input is constant', () => {
  const model = chain([{ op: 'Reshape', in: ['x', 'target'], out: ['y'] }], {
    target: ints(1, -1),
  });
  model.graph!.input.push({
    name: 'target',
    type: { tensorType: { elemType: 7, shape: { dim: [{ dimValue: 2 }] } } },
    metadataProps: [],
  });
  expect(inferTypes(model).type('y')?.shape).toEqual([1, '3*batch*h*w']);
});

describe("a model's own functions", () => {
  const body = (node: FunctionDefinition['node'], name: string): FunctionDefinition => ({
    name,
    domain: 'own',
    input: ['value'],
    output: ['result'],
    attribute: ['axis'],
    attributeProto: [],
    node,
    opsetImport: [],
    valueInfo: [],
    metadataProps: [],
  });
  const node = (opType: string, domain = ''): FunctionDefinition['node'][number] => ({
    opType,
    domain,
    name: '',
    input: ['value'],
    output: ['result'],
    attribute: [],
    metadataProps: [],
  });

  test('are looked into, attributes and all', () => {
    const model = chain([
      { op: 'Rows', domain: 'own', in: ['x'], out: ['y'], attributes: { axis: 2 } },
    ]);
    const flatten = node('Flatten');
    flatten.attribute.push({ ...makeAttribute('axis', 0), i: undefined, refAttrName: 'axis' });
    model.functions.push(body([flatten], 'Rows'));
    expect(inferTypes(model).type('y')?.shape).toEqual(['3*batch', 'h*w']);
  });

  test('that call themselves end with a warning', () => {
    const model = chain([{ op: 'Again', domain: 'own', in: ['x'], out: ['y'] }]);
    model.functions.push(body([node('Again', 'own')], 'Again'));
    const table = inferTypes(model);
    expect(table.issues[0].code).toBe('function-too-deep');
    expect(table.type('y')).toBeUndefined();
  });
});
