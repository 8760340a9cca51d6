/**
 * Operators that are spelled out, and Resize: the runtime's own operator gives the same values, and
 * moves by what the gradient says when its inputs move.
 */

import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import type { AttributeValue } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { encodeModel } from '../../onnx/write';
import type { NamedTensor } from '../../runtime/runtime';
import { GraphBuilder } from '../../train/graph-builder';
import { Tape } from '../../train/tape';
import { closeTestRuntime, testRuntime } from '../../train/testing/check-gradient';
import { buildModel, constant, fed, oneNode, type Case, type Given } from '../testing/one-node';

afterAll(closeTestRuntime);

const random = seededRandom(4);
const values = (...dims: number[]): Given => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return fed(
    'float',
    dims,
    Array.from({ length: count }, () => 0.5 * random.normal()),
  );
};
const microsoft = 'com.microsoft';
const mask = constant('int32', [2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 0]);
const none = undefined;

function attention(title: string, inputs: (Given | undefined)[], attributes = {}) {
  const given = [values(2, 5, 6), values(6, 24), values(24), ...inputs];
  const all = { num_heads: 2, ...attributes };
  return oneNode('Attention', title, given, { domain: microsoft, attributes: all });
}

function multiHead(title: string, inputs: (Given | undefined)[], attributes = {}) {
  const given = [values(2, 3, 8), values(2, 5, 8), values(2, 5, 4), ...inputs];
  const all = { num_heads: 2, ...attributes };
  return oneNode('MultiHeadAttention', title, given, { domain: microsoft, attributes: all });
}

const standard = (title: string, inputs: (Given | undefined)[], attributes = {}) =>
  oneNode('Attention', title, inputs, { attributes, opset: 23 });

const x = values(2, 3, 4);
const scale = values(4);
const cases: Case[] = [
  attention('plain', []),
  attention('masked, one way', [mask], { unidirectional: 1, scale: { f: 0.7 } }),
  attention('a bias of scores', [none, none, values(2, 2, 5, 5)]),
  multiHead('plain', []),
  multiHead('with biases', [values(20), mask, values(2, 2, 3, 5)]),
  standard('heads apart', [values(2, 2, 3, 4), values(2, 2, 5, 4), values(2, 2, 5, 6)]),
  standard('causal', [values(2, 2, 3, 4), values(2, 2, 3, 4), values(2, 2, 3, 4)], {
    is_causal: 1,
  }),
  standard(
    'shared keys, a mask and a cap',
    [values(2, 3, 16), values(2, 5, 8), values(2, 5, 8), constant('bool', [3, 5], [1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1])], // prettier-ignore
    { q_num_heads: 4, kv_num_heads: 2, softcap: { f: 2 } },
  ),
  oneNode('LRN', '', [values(2, 7, 3, 2)], { attributes: { size: 3, alpha: { f: 0.3 } } }),
  oneNode('SimplifiedLayerNormalization', '', [x, scale], { opset: 18 }),
  oneNode('RMSNormalization', 'two axes', [x, values(3, 4)], {
    opset: 23,
    attributes: { axis: 1 },
  }),
  oneNode('SkipLayerNormalization', '', [x, values(2, 3, 4), scale, values(4), values(4)], {
    domain: microsoft,
    outputs: [true, false, false, true],
  }),
  oneNode('SkipLayerNormalization', 'no shift', [x, values(2, 3, 4), scale], { domain: microsoft }),
  oneNode('SkipSimplifiedLayerNormalization', '', [x, values(2, 3, 4), scale], {
    domain: microsoft,
  }),
];

/** Batches of 3 in 4 steps of 5 numbers, with 2 hidden ones. */
function recurrent(
  op: string,
  title: string,
  gates: number,
  more: readonly (Given | undefined)[] = [],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Case {
  const ways = attributes.direction === 'bidirectional' ? 2 : 1;
  const weights = [values(4, 3, 5), values(ways, gates * 2, 5), values(ways, gates * 2, 2)];
  return oneNode(op, title, [...weights, ...more], {
    attributes: { hidden_size: 2, ...attributes },
    outputs: op === 'LSTM' ? 3 : 2,
    opset: 18,
  });
}

const full = constant('int32', [3], [4, 4, 4]);
const recurrents: Case[] = [
  recurrent('LSTM', 'plain', 4),
  recurrent(
    'LSTM',
    'both ways, with all there is',
    4,
    [values(2, 16), full, values(2, 3, 2), values(2, 3, 2), values(2, 6)],
    { direction: 'bidirectional' },
  ),
  recurrent('LSTM', 'backwards, other activations', 4, [values(1, 16)], {
    direction: 'reverse',
    activations: ['Tanh', 'relu', 'Sigmoid'],
  }),
  recurrent('GRU', 'plain', 3),
  ...[0, 1].flatMap((linear_before_reset) => [
    recurrent(
      'GRU',
      `both ways, ${linear_before_reset}`,
      3,
      [values(2, 12), none, values(2, 3, 2)],
      {
        direction: 'bidirectional',
        linear_before_reset,
      },
    ),
    recurrent('GRU', `backwards, ${linear_before_reset}`, 3, [values(1, 12)], {
      direction: 'reverse',
      linear_before_reset,
    }),
  ]),
  recurrent('GRU', 'no bias, resetting products', 3, [], { linear_before_reset: 1 }),
  recurrent('RNN', 'plain', 1),
  recurrent('RNN', 'both ways', 1, [values(2, 4), none, values(2, 3, 2)], {
    direction: 'bidirectional',
    activations: ['Tanh', 'Sigmoid'],
  }),
];

function resizings(): Case[] {
  const transformations = ['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel'];
  const map = values(2, 2, 4, 3);
  const to = (...sizes: number[]) => [map, none, none, constant('int64', [4], [2, 2, ...sizes])];
  const by = (...scales: number[]) => [map, none, constant('float', [4], [1, 1, ...scales])];
  const at = (mode: string, more: string, inputs: (Given | undefined)[], attributes = {}) =>
    oneNode('Resize', `${mode}, ${more}`, inputs, {
      opset: 18,
      attributes: { mode, ...attributes },
    });
  const blocks = { coordinate_transformation_mode: 'asymmetric' };
  return [
    ...['linear', 'nearest'].flatMap((mode) =>
      transformations.flatMap((each) => {
        const how = { coordinate_transformation_mode: each };
        return [
          at(mode, `${each}, larger`, to(7, 6), how),
          at(mode, `${each}, smaller on one axis`, to(3, 5), how),
          at(mode, `${each}, by a factor`, by(1.7, 2), how),
        ];
      }),
    ),
    at('nearest', 'blocks', by(2, 4), { ...blocks, nearest_mode: 'floor' }),
    at('nearest', 'no blocks', by(2, 4), { ...blocks, nearest_mode: 'ceil' }),
  ];
}

type Floats = Readonly<Record<string, NamedTensor & { readonly data: Float32Array }>>;

function feedsOf({ given }: Case): Floats {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, { dtype, dims, data, constant: isConstant }]) =>
      isConstant ? [] : [[name, { type: dtype, dims, data: Float32Array.from(data) }]],
    ),
  );
}

/** The values that training computes, and the gradients of Σ weight · output. */
function differentiated(each: Case, weights: Floats): { build: GraphBuilder; names: string[] } {
  const { initializer, node } = buildModel(each).graph!;
  const build = new GraphBuilder();
  for (const tensor of initializer) build.initializer(tensor);
  const fedNames = Object.keys(feedsOf(each));
  for (const name of fedNames) build.input(name, 'float', each.given[name].dims);
  const tape = new Tape(build, fedNames);
  for (const one of node) tape.record(one, true);
  const record = (opType: string, input: string[], output: string) => {
    const made: Node = { opType, input, output: [output], attribute: [], metadataProps: [] };
    tape.record(made, true);
    return output;
  };
  const losses = Object.entries(weights).map(([name, { dims, data }]) => {
    const product = record('Mul', [name, build.floats(data, dims)], `w.${name}`);
    return record('ReduceSum', [product], `l.${name}`);
  });
  const gradients = tape.gradients(record('Sum', losses, 'loss')).map((gradient, i) => {
    build.emitAs(`d.${fedNames[i]}`, gradient!);
    return `d.${fedNames[i]}`;
  });
  return { build, names: [...Object.keys(weights), ...gradients] };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe('operators that are spelled out, or that have no kernels in double precision', () => {
  it.each([...cases, ...recurrents, ...resizings()].map((each) => [each.title, each] as const))(
    '%s',
    async (_, each) => {
      const runtime = await testRuntime();
      const whole = await runtime.open(encodeModel(buildModel(each)));
      const feeds = feedsOf(each);
      const expected = (await whole.run(feeds)) as Floats;
      const weights: Floats = Object.fromEntries(
        Object.entries(expected).map(([name, tensor]) => {
          return [name, { ...tensor, data: Float32Array.from(tensor.data, () => random.normal()) }];
        }),
      );
      const { build, names } = differentiated(each, weights);
      const spelled = await runtime.open(encodeModel(build.model(names)), { optimize: 'basic' });
      const actual = (await spelled.run(feeds)) as Floats;
      for (const [name, { data, dims }] of Object.entries(expected)) {
        expect(actual[name].dims).toEqual(dims);
        Array.from(data, (value, i) =>
          expect(Math.abs(actual[name].data[i] - value)).toBeLessThan(2e-6),
        );
      }
      for (const [name, { data, dims, type }] of Object.entries(feeds)) {
        const way = Float32Array.from(data, () => random.normal());
        const step = 4e-3;
        const losses = [];
        for (const sign of [1, -1]) {
          const moved = Float32Array.from(data, (value, i) => value + sign * step * way[i]);
          const outputs = await whole.run({ ...feeds, [name]: { type, dims, data: moved } });
          const parts = Object.keys(weights).map((out) =>
            dot(outputs[out].data as Float32Array, weights[out].data),
          );
          losses.push(parts.reduce((sum, part) => sum + part, 0));
        }
        const slope = (losses[0] - losses[1]) / (2 * step);
        const gradient = actual[`d.${name}`].data;
        const size = Math.sqrt(dot(gradient, gradient) * way.length);
        expect(size, name).toBeGreaterThan(0);
        expect(Math.abs(dot(gradient, way) - slope) / size, name).toBeLessThan(2e-3);
      }
      await Promise.all([whole.close(), spelled.close()]);
    },
  );

  it('stay as they are where they decode, and are then named where gradients would have to pass', () => {
    const past = values(2, 2, 2, 4, 4);
    const each = attention('a cache', [none, past]);
    const weights = { o0: { type: 'float', dims: [2, 5, 8], data: new Float32Array(80) } } as const;
    expect(() => differentiated(each, weights)).toThrow(
      /Attention_o0 \(Attention\) cannot be trained through/,
    );
  });
});
