import { describe, expect, test } from 'vitest';
import { makeAttribute } from './attributes';
import type { Issue } from './issue';
import type { FunctionDefinition, Graph, Model, Node, ValueInfo } from './model';
import { makeTensor, payload } from './tensor';
import { validateModel } from './validate';

describe('a sound model', () => {
  test('has no issues', () => {
    expect(validateModel(chain())).toEqual([]);
  });

  test('may give an input a default, and leave optional inputs out', () => {
    const model = chain();
    model.graph!.initializer.push(makeTensor('x', 'float', [1], [1]));
    model.graph!.node[0].input.push('', 'x');
    expect(validateModel(model)).toEqual([]);
  });

  test('may use outer values in subgraphs, and those of functions in their bodies', () => {
    const model = chain();
    const branch = graph([node('Add', ['x', 'a'], ['inner'])], [], ['inner']);
    model.graph!.node.push({
      ...node('If', ['x'], ['c']),
      attribute: [makeAttribute('then_branch', branch)],
    });
    model.functions.push(definition('twice', [node('Add', ['p', 'p'], ['q'])], ['p'], ['q']));
    expect(validateModel(model)).toEqual([]);
  });
});

describe('names', () => {
  test('a dangling input names its node', () => {
    const model = chain();
    model.graph!.node[1].input = ['nowhere'];
    expect(validateModel(model)).toMatchObject([
      { code: 'dangling-input', node: 'Relu → b', value: 'nowhere' },
    ]);
  });

  test('values of a subgraph are not seen outside', () => {
    const model = chain();
    const branch = graph([node('Relu', ['x'], ['inner'])], [], ['inner']);
    model.graph!.node[0].attribute = [makeAttribute('body', branch)];
    model.graph!.node[1].input = ['inner'];
    expect(codes(model)).toEqual(['dangling-input']);
  });

  test('functions see nothing of the graph', () => {
    const model = chain();
    model.functions.push(definition('f', [node('Add', ['p', 'a'], ['q'])], ['p'], ['q', 'r']));
    expect(codes(model)).toEqual(['dangling-input', 'missing-output']);
  });

  test.each([
    [
      'a value made twice',
      (g: Graph) => void (g.node[1].output = ['a']),
      ['duplicate-value', 'missing-output'],
    ],
    [
      'a node that makes an input',
      (g: Graph) => void (g.node[0].output = ['x', 'a']),
      ['duplicate-value'],
    ],
    ['an input listed twice', (g: Graph) => void g.input.push(info('x')), ['duplicate-input']],
    ['an output listed twice', (g: Graph) => void g.output.push(info('b')), ['duplicate-output']],
    ['an output nothing makes', (g: Graph) => void g.output.push(info('z')), ['missing-output']],
    ['no outputs', (g: Graph) => void (g.output = []), ['no-outputs']],
    [
      'a node without operator',
      (g: Graph) => void (g.node[0].opType = undefined),
      ['missing-op-type'],
    ],
    [
      'a node without outputs',
      (g: Graph) => void g.node.push(node('Relu', ['x'], [''])),
      ['no-node-outputs'],
    ],
    [
      'an operator set nobody imports',
      (g: Graph) => void (g.node[0].domain = 'com.other'),
      ['missing-opset'],
    ],
    [
      'an initializer defined twice',
      (g: Graph) =>
        void g.initializer.push(
          makeTensor('w', 'float', [1], [1]),
          makeTensor('w', 'float', [1], [2]),
        ),
      ['duplicate-initializer'],
    ],
    [
      'an attribute given twice',
      (g: Graph) =>
        void (g.node[0].attribute = [makeAttribute('axis', 1), makeAttribute('axis', 2)]),
      ['attribute-name'],
    ],
    [
      'a reference outside of a function',
      (g: Graph) =>
        void (g.node[0].attribute = [{ ...makeAttribute('axis', 1), refAttrName: 'outer' }]),
      ['attribute-reference'],
    ],
  ])('%s', (_, breakIt, expected) => {
    const model = chain();
    breakIt(model.graph!);
    expect(codes(model)).toEqual(expected);
  });

  test('the model itself needs a graph and an operator set', () => {
    expect(codes({ opsetImport: [], metadataProps: [], functions: [] })).toEqual([
      'missing-opset',
      'no-graph',
    ]);
  });

  test('an operator set has one version', () => {
    const model = chain();
    model.opsetImport.push({ domain: 'ai.onnx', version: 9 });
    expect(codes(model)).toEqual(['duplicate-opset']);
  });
});

describe('order', () => {
  test('nodes in a wrong order are a warning', () => {
    const model = chain();
    model.graph!.node.reverse();
    expect(validateModel(model)).toMatchObject([
      { code: 'unsorted-nodes', severity: 'warning', node: 'Relu → b' },
    ]);
  });

  test('a circle is named', () => {
    const nodes = [
      node('Add', ['x', 'c'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Relu', ['b'], ['c']),
    ];
    const model = modelOf(graph([...nodes, node('Relu', ['c'], ['d'])], ['x'], ['d']));
    const [issue, ...others] = validateModel(model);
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ code: 'cyclic-graph', severity: 'error' });
    expect(issue.message).toMatch(
      /"Add → a".*"Relu → b".*"Relu → c"|"Relu → b".*"Relu → c".*"Add → a"|"Relu → c".*"Add → a".*"Relu → b"/,
    );
  });

  test('a subgraph that waits for its own node is a circle', () => {
    const branch = graph([node('Relu', ['a'], ['inner'])], [], ['inner']);
    const holder = {
      ...node('If', ['x'], ['a']),
      attribute: [makeAttribute('then_branch', branch)],
    };
    expect(codes(modelOf(graph([holder], ['x'], ['a'])))).toEqual(['cyclic-graph']);
  });

  test('functions that call each other are found', () => {
    const model = chain();
    model.functions.push(
      definition('f', [node('g', ['p'], ['q'], 'own')], ['p'], ['q']),
      definition('g', [node('f', ['p'], ['q'], 'own')], ['p'], ['q']),
      definition('h', [node('f', ['p'], ['q'], 'own')], ['p'], ['q']),
      definition('h', [node('Relu', ['p'], ['q'])], ['p'], ['q']),
    );
    for (const each of model.functions)
      each.opsetImport = [{ domain: 'own' }, { domain: '', version: 17 }];
    model.opsetImport.push({ domain: 'own', version: 1 });
    expect(codes(model)).toEqual(['duplicate-function', 'recursive-function']);
  });

  test('long chains and long circles are walked without recursion', () => {
    const nodes = Array.from({ length: 200_000 }, (_, i) => node('Relu', [`v${i}`], [`v${i + 1}`]));
    expect(codes(modelOf(graph(nodes, ['v0'], ['v200000'])))).toEqual([]);
    const circle = [...nodes, node('Relu', ['v200000'], ['v0'])];
    expect(codes(modelOf(graph(circle, [], ['v5'])))).toEqual(['cyclic-graph']);
  });

  test('the list of issues is bounded', () => {
    const nodes = Array.from({ length: 1000 }, (_, i) => node('Relu', ['nowhere'], [`v${i}`]));
    expect(codes(modelOf(graph(nodes, [], ['v1']))).length).toBe(201);
  });

  test('subgraphs nested without end are refused', () => {
    let inner = graph([node('Relu', ['x'], ['y0'])], [], ['y0']);
    for (let i = 1; i < 500; i++) {
      const holder = {
        ...node('If', ['x'], [`y${i}`]),
        attribute: [makeAttribute('then_branch', inner)],
      };
      inner = graph([holder], [], [`y${i}`]);
    }
    inner.input = [info('x')];
    expect(codes(modelOf(inner))).toEqual(['too-deep']);
  });
});

describe('tensors', () => {
  const good = makeTensor('w', 'float', [2, 3], [1, 2, 3, 4, 5, 6]);
  const bytes = (count: number) => payload(new Uint8Array(count));
  const none = { ...good, rawData: undefined };

  test.each([
    [
      'too few bytes',
      { ...good, dims: [2, 4] },
      /needs 32 bytes for its shape \[2, 4\], but holds 24/,
    ],
    ['too many bytes', { ...good, dims: [2, 2] }, /needs 16 bytes/],
    ['a negative dimension', { ...good, dims: [-1, -6] }, /negative dimension -1/],
    ['dimensions that overflow', { ...good, dims: [2 ** 40, 2n ** 62n] }, /no memory can hold/],
    ['no element type', { ...good, dataType: undefined }, /element type 0/],
    ['an unknown element type', { ...good, dataType: 99 }, /element type 99/],
    ['no data', none, /holds none of its 6 elements/],
    ['data stored twice', { ...good, floatData: bytes(24) }, /twice, as raw_data and float_data/],
    [
      'too few floats',
      { ...none, floatData: bytes(20) },
      /needs 6 elements in float_data.*holds 5/,
    ],
    [
      'the wrong field',
      { ...none, int32Data: bytes(24) },
      /holds int32_data instead of float_data/,
    ],
    ['raw strings', { ...good, dataType: 8 }, /strings as raw_data/],
    [
      'packed elements',
      { ...none, dataType: 22, int32Data: bytes(8) },
      /needs 3 elements.*holds 2/,
    ],
    ['half a complex number', { ...none, dataType: 14, floatData: bytes(24) }, /needs 12 elements/],
  ])('%s', (_, tensor, reason) => {
    const model = chain();
    model.graph!.initializer.push(tensor);
    const issues = validateModel(model);
    expect(issues).toMatchObject([{ code: 'tensor-data', value: 'w' }]);
    expect(issues[0].message).toMatch(reason);
  });

  test.each([
    ['nothing for no elements', { ...none, dims: [0, 3] }],
    ['a scalar', makeTensor('w', 'int64', [], [4])],
    ['two elements a byte', makeTensor('w', 'int4', [3], [1, 2, -3])],
    ['strings', { ...none, dataType: 8, dims: [1], stringData: [new Uint8Array()] }],
    ['complex numbers', { ...none, dataType: 14, dims: [3], floatData: bytes(24) }],
    ['half floats in int32_data', { ...none, dataType: 10, int32Data: bytes(24) }],
  ])('%s is right', (_, tensor) => {
    const model = chain();
    model.graph!.initializer.push(tensor);
    expect(validateModel(model)).toEqual([]);
  });

  test('a tensor in an attribute is named by its node', () => {
    const model = chain();
    model.graph!.node[0].attribute = [makeAttribute('value', { ...good, dims: [7] })];
    expect(validateModel(model)).toMatchObject([{ code: 'tensor-data', node: 'Relu → a' }]);
  });
});

function codes(model: Model): string[] {
  return validateModel(model).map((issue: Issue) => issue.code);
}

function chain(): Model {
  return modelOf(graph([node('Relu', ['x'], ['a']), node('Relu', ['a'], ['b'])], ['x'], ['b']));
}

function modelOf(main: Graph): Model {
  return {
    irVersion: 10,
    graph: main,
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [],
    functions: [],
  };
}

function graph(nodes: Node[], inputs: string[], outputs: string[]): Graph {
  return {
    node: nodes,
    initializer: [],
    sparseInitializer: [],
    input: inputs.map(info),
    output: outputs.map(info),
    valueInfo: [],
    quantizationAnnotation: [],
    metadataProps: [],
  };
}

function node(opType: string, input: string[], output: string[], domain?: string): Node {
  return { opType, domain, input, output, attribute: [], metadataProps: [] };
}

function info(name: string): ValueInfo {
  return { name, metadataProps: [] };
}

function definition(
  name: string,
  nodes: Node[],
  input: string[],
  output: string[],
): FunctionDefinition {
  return {
    name,
    domain: 'own',
    node: nodes,
    input,
    output,
    attribute: [],
    attributeProto: [],
    opsetImport: [],
    valueInfo: [],
    metadataProps: [],
  };
}
