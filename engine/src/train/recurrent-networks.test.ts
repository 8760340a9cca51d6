/** Networks with recurrent cells: what is written is what was trained, and silero-vad has gradients. */

import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { hasModels, openTrained, trainedModels } from '../../../test/support/trained-models';
import { weightedModel } from '../../../test/support/weighted-text';
import { datasetInMemory } from '../data/memory-data';
import type { Model } from '../ir/model';
import { seededRandom } from '../linalg/random';
import { encodeModel } from '../onnx/write';
import type { Feeds, NamedTensor } from '../runtime/runtime';
import { blockOf } from './blocked/probe';
import { gradientGraph } from './gradient-graph';
import type { Loss } from './losses/loss';
import { flatten } from './parameters';
import { closeTestRuntime, testRuntime } from './testing/check-gradient';
import { inDouble } from './testing/in-double';
import { tinyOptions } from './testing/tiny-training';
import { train } from './train';

afterAll(closeTestRuntime);

const random = seededRandom(6);
const normal = (count: number, scale = 1, from = random) =>
  Float32Array.from({ length: count }, () => scale * from.normal());

const [steps, inputs, hidden, classes] = [6, 3, 8, 3];

interface Network {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  readonly direction: string;
  readonly layers: number;
  /** Whether each sequence is said to be as long as it is. */
  readonly lengths: boolean;
}

/** Layers of cells over 6 steps of 3 numbers; their last states are told apart into 3 classes. */
function classifier({ op, direction, layers, lengths }: Network): Model {
  const width = { LSTM: 4, GRU: 3, RNN: 1 }[op] * hidden;
  const ways = direction === 'bidirectional' ? 2 : 1;
  const sizes = (layer: number) => (layer === 0 ? inputs : ways * hidden);
  const all = Array.from({ length: layers }, (_, i) => i);
  const weights = all.map(
    (i) =>
      `float[${ways},${width},${sizes(i)}] cell.${i}.w, float[${ways},${width},${hidden}] cell.${i}.r, float[${ways},${2 * width}] cell.${i}.b`,
  );
  const cells = all.map(
    (i) => `
      all.${i}, last.${i} = ${op}<hidden_size: int = ${hidden}, direction: string = "${direction}">
        (in.${i}, cell.${i}.w, cell.${i}.r, cell.${i}.b${lengths ? ', lengths' : ''})
      turned.${i} = Transpose<perm: ints = [0, 2, 1, 3]>(all.${i})
      in.${i + 1} = Reshape(turned.${i}, joined)`,
  );
  return weightedModel(`(float[N,${steps},${inputs}] x) => (float[N,${classes}] y)
    <${weights.join(', ')}, float[${ways * hidden},${classes}] fc.weight> {
      joined = Constant<value_ints: ints = [${steps}, -1, ${ways * hidden}]>()
      sizes = Shape<end: int = 1>(x)
      whole = Constant<value_ints: ints = [${steps}]>()
      long = Expand(whole, sizes)
      lengths = Cast<to: int = 6>(long)
      in.0 = Transpose<perm: ints = [1, 0, 2]>(x)
      ${cells.join('')}
      first = Transpose<perm: ints = [1, 0, 2]>(last.${layers - 1})
      flat = Flatten(first)
      y = MatMul(flat, fc.weight) }`);
}

/** The class is the number that is largest on the way, whenever that is. */
function sequences(samples: number) {
  const size = steps * inputs;
  const data = normal(samples * size, 0.5);
  const labels = Int32Array.from({ length: samples }, (_, n) => {
    const label = random.integer(classes);
    data[n * size + random.integer(steps) * inputs + label] += 3;
    return label;
  });
  return datasetInMemory({ name: 'sequences', data, sampleDims: [steps, inputs], labels });
}

/** What the graph of gradients makes of a batch. */
async function traced(model: Model, batch: number, feeds: Feeds, block?: number): Promise<Feeds> {
  const graph = gradientGraph(model, { ...tinyOptions, batch, block });
  const session = await (await testRuntime()).open(encodeModel(graph.model), { optimize: 'basic' });
  const weights = flatten(graph.parameters.map(({ tensor }) => tensor));
  const shares = new Float32Array(batch * classes).fill(1 / classes);
  const outputs = await session.run({
    ...feeds,
    '@weights': { type: 'float', dims: [weights.length], data: weights },
    '@targets': { type: 'float', dims: [batch, classes], data: shares },
  });
  await session.close();
  return outputs;
}

const networks: fc.Arbitrary<Network> = fc.record({
  op: fc.constantFrom('LSTM', 'GRU', 'RNN'),
  direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
  layers: fc.integer({ min: 1, max: 2 }),
  lengths: fc.boolean(),
});

it('learn, and what is written gives in one node what was trained step by step', async () => {
  const data = sequences(128);
  const runtime = await testRuntime();
  await fc.assert(
    fc.asyncProperty(networks, async (network) => {
      const model = classifier(network);
      const options = { ...tinyOptions, epochs: 6, batch: 16, rate: 0.1 };
      const { model: tuned, curve } = await train(model, options, {
        ...{ runtime, data, seed: 3, signal: new AbortController().signal },
        progress: () => undefined,
      });
      expect(curve.epochs.at(-1)!.loss).toBeLessThan(0.9 * curve.epochs[0].loss);
      expect(tuned.graph!.node.map(({ opType }) => opType)).toEqual(
        model.graph!.node.map(({ opType }) => opType),
      );
      const x: NamedTensor = {
        type: 'float',
        dims: [16, steps, inputs],
        data: normal(16 * steps * inputs),
      };
      const session = await runtime.open(encodeModel(tuned));
      const { y } = await session.run({ x });
      await session.close();
      const { '@logits': expected } = await traced(tuned, 16, { x });
      const largest = Math.max(...Array.from(y.data as Float32Array, Math.abs));
      for (const [i, value] of (y.data as Float32Array).entries()) {
        expect(Math.abs(value - (expected.data[i] as number))).toBeLessThan(4e-6 * largest);
      }
    }),
    { numRuns: 9, seed: 1 },
  );
});

it('read what convolutions leave in blocks of channels', async () => {
  const model = weightedModel(`(float[N,3,8,8] x) => (float[N,3] y)
    <float[16,3,3,3] conv.weight, float[1,32,16] cell.w, float[1,32,8] cell.r, float[8,3] fc.weight> {
      h = Conv<pads: ints = [1, 1, 1, 1]>(x, conv.weight)
      r = Relu(h)
      m = ReduceMean<axes: ints = [2], keepdims: int = 0>(r)
      t = Transpose<perm: ints = [2, 0, 1]>(m)
      all, last = LSTM<hidden_size: int = 8>(t, cell.w, cell.r)
      f = Flatten<axis: int = 2>(last)
      s = Reshape(f, flat)
      flat = Constant<value_ints: ints = [-1, 8]>()
      y = MatMul(s, fc.weight) }`);
  const runtime = await testRuntime();
  const x: NamedTensor = { type: 'float', dims: [4, 3, 8, 8], data: normal(4 * 192) };
  const [plain, blocked] = await Promise.all(
    [undefined, await blockOf(runtime)].map(async (block) => {
      return (await traced(model, 4, { x }, block))['@gradient'].data as Float32Array;
    }),
  );
  const difference = length(plain.map((value, i) => value - blocked[i]));
  expect(difference).toBeLessThan(1e-5 * length(plain));
});

/** A weighted sum of the first output, so that a single number for each sample is enough. */
const weightedSum: Loss = {
  id: 'weighted-sum',
  doc: '',
  write: ({ output, emit, floats }) => {
    const weighted = emit('Mul', [output, floats(Float32Array.of(1, -0.5, 0.7), [3, 1])]);
    return emit('ReduceSum', [weighted], { keepdims: 0 });
  },
};

describe.skipIf(!hasModels)('silero-vad of ../shared', () => {
  it('has gradients through its Ifs and its LSTM, by which the loss moves in double precision', async () => {
    const silero = trainedModels.find(({ name }) => name.startsWith('silero'))!;
    // Without its sigmoid, which is far from where it is steep.
    const model = openTrained(silero, 'to run');
    const batch = 3;
    model.graph!.input[0].type!.tensorType!.shape!.dim[1] = { dimValue: 512 };
    const graph = gradientGraph(model, {
      ...{ batch, trained: () => true, statistics: 'batch' },
      losses: [{ loss: weightedSum, weight: 1 }],
    });
    expect(graph.parameters.map(({ name }) => name)).toContain('model.decoder.rnn.weight_hh');
    expect(graph.parameters).toHaveLength(15);

    const weights = flatten(graph.parameters.map(({ tensor }) => tensor));
    const own = seededRandom(8);
    const state = normal(2 * batch * 128, 0.3, own);
    const feeds: Feeds = {
      input: { type: 'float', dims: [batch, 512], data: normal(batch * 512, 0.03, own) },
      state: { type: 'float', dims: [2, batch, 128], data: state },
      sr: { type: 'int64', dims: [], data: BigInt64Array.of(16000n) },
    };
    const runtime = await testRuntime();
    const whole = await runtime.open(encodeModel(model));
    const single = await runtime.open(encodeModel(graph.model), { optimize: 'basic' });
    const precise = await runtime.open(encodeModel(inDouble(graph.model, '@loss')));
    const outputs = await single.run({
      ...feeds,
      '@weights': { type: 'float', dims: [weights.length], data: weights },
    });
    const gradient = outputs['@gradient'].data as Float32Array;
    const [scores] = Object.values(await whole.run(feeds)).map(({ data }) => data as Float32Array);
    const sum = scores[0] - 0.5 * scores[1] + 0.7 * scores[2];
    expect(outputs['@loss'].data[0]).toBeCloseTo(sum, 4);

    const doubles = Object.fromEntries(
      ['input', 'state'].map((name): [string, NamedTensor] => {
        const { dims, data } = feeds[name];
        return [name, { type: 'double', dims, data: Float64Array.from(data as Float32Array) }];
      }),
    );
    const lossAt = async (data: Float64Array) => {
      const moved: NamedTensor = { type: 'double', dims: [data.length], data };
      const { '@loss': loss } = await precise.run({ ...doubles, '@weights': moved });
      return loss.data[0] as number;
    };
    let offset = 0;
    for (const { name, size } of graph.parameters) {
      const slice = gradient.subarray(offset, offset + size);
      const way = normal(size, 1, own);
      const step = 1e-6;
      const sides = [];
      for (const sign of [1, -1]) {
        const moved = Float64Array.from(weights);
        way.forEach((each, i) => (moved[offset + i] += sign * step * each));
        sides.push(await lossAt(moved));
      }
      const slope = (sides[0] - sides[1]) / (2 * step);
      const foretold = slice.reduce((total, each, i) => total + each * way[i], 0);
      // The slope is good to six digits, single precision to four where gates are nearly saturated.
      expect(Math.abs(slope - foretold) / length(slice), name).toBeLessThan(1e-4);
      offset += size;
    }
    await Promise.all([whole, single, precise].map((session) => session.close()));
  });
});

function length(values: Float32Array): number {
  return Math.hypot(...values);
}
