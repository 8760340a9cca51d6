/** Ifs in what is trained: a branch that is known to be taken is trained, and gets back what it learnt. */

import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { graphAttribute, makeAttribute } from '../ir/attributes';
import { emptyGraph } from '../ir/empty-graph';
import type { Graph, Model, Node, Tensor } from '../ir/model';
import { floats, makeTensor } from '../ir/tensor';
import { encodeModel } from '../onnx/write';
import { constantsOf } from './constants';
import { gradientGraph } from './gradient-graph';
import { closeTestRuntime, testRuntime } from './testing/check-gradient';
import { tinyData, tinyModel, tinyOptions } from './testing/tiny-training';
import { train } from './train';

afterAll(closeTestRuntime);

const model = tinyModel();
const data = tinyData(64);

function node(opType: string, input: string[], output: string[], attributes = {}): Node {
  const attribute = Object.entries(attributes).map(([name, value]) =>
    makeAttribute(name, value as number),
  );
  return { opType, input, output, name: output[0], attribute, metadataProps: [] };
}

function constantNode(tensor: Tensor): Node {
  return node('Constant', [], [tensor.name!], { value: { ...tensor, name: undefined } });
}

/** Where the condition of an If comes from. */
const conditions = {
  constant: [constantNode(makeTensor('condition', 'bool', [], [1]))],
  sizes: [
    node('Shape', ['x'], ['sizes']),
    constantNode(makeTensor('second', 'int64', [], [1])),
    node('Gather', ['sizes', 'second'], ['channels']),
    constantNode(makeTensor('three', 'int64', [], [3])),
    node('Equal', ['channels', 'three'], ['condition']),
  ],
  input: [
    constantNode(makeTensor('known', 'int64', [], [16000])),
    node('Equal', ['rate', 'known'], ['condition']),
  ],
} as const;

interface Form {
  readonly condition: keyof typeof conditions;
  /** How many Ifs lie in each other. */
  readonly depth: number;
  readonly inNodes: boolean;
  readonly takenFirst: boolean;
}

/** The model with its last layer and the weights of that in a branch, and another one of the same names. */
function branched({ condition, depth, inNodes, takenFirst }: Form): Model {
  const graph = model.graph!;
  const last = graph.node.at(-1)!;
  const own = graph.initializer.filter(({ name }) => name!.startsWith('fc.'));
  const branch = (weights: readonly Tensor[]): Graph => ({
    ...emptyGraph('branch'),
    node: [...(inNodes ? weights.map(constantNode) : []), { ...last, output: ['inner'] }],
    initializer: inNodes ? [] : [...weights],
    output: [{ name: 'inner', metadataProps: [] }],
  });
  const others = own.map(({ name, dims }) => {
    const sizes = dims.map(Number);
    const count = sizes.reduce((product, size) => product * size, 1);
    return makeTensor(name!, 'float', sizes, new Float32Array(count).fill(7));
  });
  let result = branch(own);
  const other = branch(others);
  const choose = (output: string): Node => {
    const taken = { then_branch: result };
    const rest = { else_branch: other };
    const attributes = takenFirst ? { ...taken, ...rest } : { ...rest, ...taken };
    return node('If', ['condition'], [output], attributes);
  };
  for (let i = 1; i < depth; i++) {
    const output = [{ name: `nested.${i}`, metadataProps: [] }];
    result = { ...emptyGraph('outer'), node: [choose(`nested.${i}`)], output };
  }
  const rate = { name: 'rate', type: { tensorType: { elemType: 7, shape: { dim: [] } } } };
  return {
    ...model,
    graph: {
      ...graph,
      input: [...graph.input, ...(condition === 'input' ? [{ ...rate, metadataProps: [] }] : [])],
      initializer: graph.initializer.filter((each) => !own.includes(each)),
      node: [...conditions[condition], ...graph.node.slice(0, -1), choose('y')],
    },
  };
}

function tuned(start: Model): Promise<Model> {
  return testRuntime().then(async (runtime) => {
    const trained = await train(start, tinyOptions, {
      ...{ runtime, data, seed: 3, signal: new AbortController().signal },
      progress: () => undefined,
    });
    return trained.model;
  });
}

/** The values of all floats of a graph and of its branches, in their order; the taken ones first. */
function valuesOf(graph: Graph): number[][] {
  const own = constantsOf(graph).filter(({ dataType }) => dataType === 1);
  const inner = graph.node.flatMap((each) =>
    ['then_branch', 'else_branch'].flatMap((name) => graphAttribute(each, name) ?? []),
  );
  return [...own.map((tensor) => [...floats(tensor)]), ...inner.flatMap(valuesOf)];
}

const forms = fc.record({
  condition: fc.constantFrom('constant', 'sizes'),
  depth: fc.integer({ min: 1, max: 3 }),
  inNodes: fc.boolean(),
  takenFirst: fc.boolean(),
});

describe('a branch that is taken', () => {
  it('is trained to the same values as without the If, and the other one stays', async () => {
    const expected = valuesOf((await tuned(model)).graph!);
    await fc.assert(
      fc.asyncProperty(forms, async (form) => {
        const start = branched(form);
        const before = encodeModel(start);
        const result = await tuned(start);
        const values = valuesOf(result.graph!);
        expect(values.slice(0, expected.length)).toEqual(expected);
        const others = values.slice(expected.length);
        expect(others).toHaveLength(2 * form.depth);
        for (const value of others.flat()) expect(value).toBe(7);
        expect(result.graph!.node.at(-1)!.opType).toBe('If');
        expect(Buffer.compare(encodeModel(start), before)).toBe(0);
        await (await (await testRuntime()).open(encodeModel(result))).close();
      }),
      { numRuns: 12, seed: 2 },
    );
  });

  it('is known where the data says that an input is always the same, and asked for by name else', () => {
    const start = branched({ condition: 'input', depth: 1, inNodes: false, takenFirst: true });
    const options = { ...tinyOptions, batch: 2 };
    const graph = (value: number) =>
      gradientGraph(start, {
        ...options,
        sampleShapes: {
          ...{ sampleDims: [3, 8, 8], input: 'x' },
          constants: { rate: { data: BigInt64Array.of(BigInt(value)), dims: [] } },
        },
      });
    const names = (value: number) => graph(value).parameters.map(({ name }) => name);
    expect(names(16000)).toContain('fc.weight');
    expect(names(8000)).not.toContain('fc.weight');
    expect(() => gradientGraph(start, options)).toThrow(
      /^y \(If\) cannot be trained through: .*"condition" depends on "rate"/,
    );
    const after = { ...options, trained: (layer: string) => layer === 'nothing' };
    expect(() => gradientGraph(start, after)).toThrow(/No layer/);
  });
});

it('what a Loop reads from around it is not left out silently', () => {
  const body: Graph = {
    ...emptyGraph('body'),
    input: ['i', 'go', 'before'].map((name) => ({ name, metadataProps: [] })),
    node: [node('Identity', ['go'], ['on']), node('Add', ['before', 'g'], ['after'])],
    output: ['on', 'after'].map((name) => ({ name, metadataProps: [] })),
  };
  const graph = model.graph!;
  const times = constantNode(makeTensor('times', 'int64', [], [1]));
  const begin = constantNode(makeTensor('begin', 'float', [2, 8, 1, 1], new Float32Array(16)));
  const loop = node('Loop', ['times', '', 'begin'], ['all'], { body });
  const nodes = graph.node.map((each) =>
    each.input[0] === 'g' ? { ...each, input: ['all'] } : each,
  );
  nodes.splice(-3, 0, times, begin, loop);
  const start = { ...model, graph: { ...graph, node: nodes } };
  expect(() => gradientGraph(start, { ...tinyOptions, batch: 2 })).toThrow(
    /^all \(Loop\) cannot be trained through: it has no gradient rule/,
  );
});
