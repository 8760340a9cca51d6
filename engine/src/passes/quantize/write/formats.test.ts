/**
 * Quantized models load, keep their interface, and compute what they should: the model of quantizers
 * as it is written equals the simulation to the bit, and integer kernels are within one step of it.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../../test/support/weighted-text';
import { indexGraph } from '../../../ir/graph-index';
import type { Model } from '../../../ir/model';
import { floats, withElements } from '../../../ir/tensor';
import { validateModel } from '../../../ir/validate';
import { sharedModels } from '../../../onnx/testing/shared-models';
import { readModelFile } from '../../../onnx/read';
import { encodeModel } from '../../../onnx/write';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import { profiles } from '../profiles/index';
import { simulate } from '../simulate';
import { blueprintOf, feedsOf, floatModels, outputsOf } from '../testing/blueprints';
import { largestStep } from '../testing/forced-codes';
import { writeQdq } from './qdq';
import { writeQOperator } from './qoperator';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const keepQuantizers = true;

async function check(model: Model, options: Readonly<Record<string, unknown>> = {}) {
  const { prepared, blueprint, placement } = await blueprintOf(runtime, model, options);
  const bytes = encodeModel(prepared);
  const [qdq, operators] = [writeQdq(blueprint), writeQOperator(blueprint)];
  expect(Buffer.compare(encodeModel(prepared), bytes)).toBe(0);
  expect(Buffer.compare(encodeModel(writeQdq(blueprint)), encodeModel(qdq))).toBe(0);
  for (const each of [qdq, operators]) {
    expect(validateModel(each).filter(({ severity }) => severity === 'error')).toEqual([]);
    const interfaceOf = ({ graph }: Model) =>
      [graph!.input, graph!.output].map((infos) => infos.map(({ name, type }) => [name, type]));
    expect(interfaceOf(each)).toEqual(interfaceOf(prepared));
  }
  const feeds = await feedsOf(runtime, prepared);
  const original = await outputsOf(runtime, prepared, feeds);
  const simulated = await outputsOf(runtime, simulate(blueprint), feeds, { keepQuantizers });
  const written = await outputsOf(runtime, qdq, feeds, { keepQuantizers });
  const fused = await outputsOf(runtime, qdq, feeds);
  const integers = await outputsOf(runtime, operators, feeds);
  for (const [name, { dims, type, data }] of Object.entries(original)) {
    for (const each of [simulated, written, fused, integers]) {
      expect([each[name].dims, each[name].type]).toEqual([dims, type]);
    }
    expect(data).not.toEqual(written[name].data);
    expect(written[name].data).toEqual(simulated[name].data);
  }
  const { steps, compared } = await largestStep(runtime, qdq, operators, feeds);
  expect(steps).toBeLessThanOrEqual(1);
  if (blueprint.grids.size > 0) expect(compared).toBeGreaterThan(0);
  return { qdq, operators, blueprint, placement, fused, integers };
}

const operatorsOf = ({ graph }: Model) =>
  graph!.node
    .map(({ opType }) => opType!)
    .filter((type) => type !== 'QuantizeLinear' && type !== 'DequantizeLinear')
    .join(' ');

interface Case {
  readonly title: string;
  readonly graph: string;
  /** Operators of the model of integer operators. */
  readonly becomes?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly opset?: number;
}

const cases: readonly Case[] = [
  {
    title: 'Conv of one dimension',
    graph: `(float[2,3,12] x) => (float[2,4,12] y) <float[4,3,3] w, float[4] b> { c = Conv<pads = [1, 1]>(x, w, b) y = Relu(c) }`,
    becomes: 'QLinearConv',
  },
  {
    title: 'a residual block',
    graph: `(float[2,4,6,6] x) => (float[2,4,6,6] y) <float[4,4,3,3] v, float[4] a, float[4,4,3,3] w, float[4] b> {
      c = Conv<pads = [1, 1, 1, 1]>(x, v, a) d = Relu(c) e = Conv<pads = [1, 1, 1, 1]>(d, w, b) f = Add(e, x) y = Relu(f) }`,
    becomes: 'QLinearConv QLinearConv QLinearAdd',
  },
  {
    title: 'grouped ConvTranspose',
    graph: `(float[1,4,5,5] x) => (float[1,6,10,10] y) <float[4,3,2,2] w, float[6] b> { y = ConvTranspose<group = 2, strides = [2, 2]>(x, w, b) }`,
    options: { profile: 'qnn' },
    becomes: 'ConvTranspose',
  },
  {
    title: 'Gemm in both layouts, with factors',
    graph: `(float[3,4] x) => (float[3,5] y) <float[6,4] v, float[6] a, float[6,5] w, float[1,5] b> {
      c = Gemm<transB = 1>(x, v, a) d = Relu(c) y = Gemm<alpha = 0.5, beta = 2.0>(d, w, b) }`,
    becomes: 'QGemm Gemm',
  },
  {
    title: 'Gemm whose bias is one number',
    graph: `(float[3,4] x) => (float[3,5] y) <float[4,5] w, float[1] b> { y = Gemm(x, w, b) }`,
    becomes: 'QGemm',
  },
  {
    title: 'attention',
    graph: `(float[2,5,8] x) => (float[2,5,8] y) <float[8,8] q, float[8,8] k, float[8,8] v, float[8] b> {
      m = MatMul(x, q) a = Add(m, b) c = MatMul(x, k) d = Transpose<perm = [0, 2, 1]>(c) e = MatMul(a, d)
      s = Softmax<axis = -1>(e) u = MatMul(x, v) y = MatMul(s, u) }`,
    becomes:
      'MatMulIntegerToFloat QLinearMatMul MatMulIntegerToFloat Add Transpose MatMulIntegerToFloat Softmax MatMul',
  },
  {
    title: 'constants as operands',
    graph: `(float[2,4,6,6] x) => (float[2,4,6,6] y, float[2,4,6,6] z) <float[4,4,1,1] w, float[4,4,3,3] v, float[4,1,1] m, float[1,4,1,1] s> {
      c = Conv(x, w) r = Relu(c) d = Mul(r, m) e = Add(s, d) y = Conv<pads = [1, 1, 1, 1]>(e, v) f = Relu(d) z = Conv(f, w) }`,
    becomes: 'QLinearConv QLinearMul QLinearAdd Relu QLinearConv QLinearConv',
  },
  {
    title: 'Concat, pooling, slices and views',
    graph: `(float[2,4,8,8] x) => (float[2,12] y) <float[4,4,3,3] w, float[4] b, float[2,12] n, int64[1] at, int64[2] shape = {2, 12}> {
      c = Conv<pads = [1, 1, 1, 1]>(x, w, b) p, q = Split<axis = 1, num_outputs = 2>(c) l = LeakyRelu<alpha = 0.1>(c)
      o = Concat<axis = 1>(l, p, q, x) m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(o)
      a = AveragePool<kernel_shape = [2, 2]>(m) g = GlobalAveragePool(a) y = Reshape(g, shape) }`,
    opset: 18,
  },
  {
    title: 'squeeze and excite, with the gate in floating point',
    graph: `(float[2,4,6,6] x) => (float[2,4,6,6] y) <float[4,4,3,3] w, float[2,4,1,1] v, float[4,2,1,1] u> {
      c = Conv<pads = [1, 1, 1, 1]>(x, w) g = GlobalAveragePool(c) d = Conv(g, v) r = Relu(d) e = Conv(r, u) s = Sigmoid(e)
      m = Mul(c, s) y = Conv<pads = [1, 1, 1, 1]>(m, w) }`,
    becomes: 'QLinearConv QLinearGlobalAveragePool QLinearConv QLinearConv Sigmoid Mul QLinearConv',
  },
  {
    title: 'an opset that can be raised to 10 but not to 13',
    graph: `(float[1,2,8,8] x) => (float[1,2,4,4] y) <float[2,2,3,3] w, float[2] b> {
      c = Conv<pads = [1, 1, 1, 1]>(x, w, b) r = Relu(c) u = Upsample<scales = [1.0, 1.0, 0.5, 0.5]>(r) y = Conv<pads = [1, 1, 1, 1]>(u, w, b) }`,
    opset: 8,
  },
  {
    title: 'values that subgraphs read',
    graph: `(float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w, bool k = {1}> {
      c = Conv(x, w) r = Relu(c) y = If(k) <
        then_branch = one () => (float[1,2,4,4] p) { p = Exp(c) },
        else_branch = two () => (float[1,2,4,4] q) { q = Neg(r) }> }`,
    options: {},
  },
];

describe('a quantized model', () => {
  it.each(cases)('of $title computes the same in every form', async (each) => {
    const model = weightedModel(each.graph, { opset: each.opset });
    const { operators } = await check(model, each.options);
    if (each.becomes) expect(operatorsOf(operators)).toBe(each.becomes);
  });

  const types = [
    ...['int8', 'uint8', 'int4', 'uint4', 'int3', 'int2'].map((weights) => ({ weights })),
    ...['int8', 'uint16', 'int16', 'float'].map((activations) => ({ activations })),
    { per_channel: false },
    { reduce_range: 'always' },
    { weights: 'int4', activations: 'int16' },
    ...profiles.map(({ id }) => ({ profile: id })),
    { profile: 'tensorrt', weights: 'int4' },
    { profile: 'qnn', activations: 'uint16' },
  ];
  it.each(types)('with %j computes the same in every form', async (options) => {
    await check(weightedModel(cases[1].graph), options);
  });

  it('stores a weight that layers share once', async () => {
    const { qdq } = await check(
      weightedModel(
        `(float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w> { c = Conv(x, w) r = Relu(c) y = Conv(r, w) }`,
      ),
    );
    expect(qdq.graph!.initializer.filter(({ name }) => name?.includes('w_quantized'))).toHaveLength(
      1,
    );
  });

  it.each(['Conv', 'ConvTranspose'])(
    'keeps the floats of a %s between integers, which the runtime would round to bytes',
    async (type) => {
      const text = weightedModel(
        `(float[1,8,9,9] x) => (float[1,8,9,9] y)
         <float[8,8,3,3] "a.w", float[8] "a.b" = {-1000, 0, 0, 0, 0, 0, 0, 0}, float[8,8,3,3] "b.w", float[8] "b.b", float[8,8,3,3] "c.w"> {
          a = Conv<pads = [1, 1, 1, 1]>(x, "a.w", "a.b") p = Relu(a) b = ${type}<pads = [1, 1, 1, 1]>(p, "b.w", "b.b")
          q = Relu(b) y = Conv<pads = [1, 1, 1, 1]>(q, "c.w") }`,
      );
      // Weights of a channel that is always zero: they only make steps coarser.
      const isIdle = (i: number) => (type === 'Conv' ? i % 72 < 9 : i < 72);
      const initializer = text.graph!.initializer.map((tensor) =>
        tensor.name === 'b.w'
          ? withElements(
              tensor,
              [8, 8, 3, 3],
              floats(tensor).map((w, i) => (isIdle(i) ? 100 * w : w)),
            )
          : tensor,
      );
      const model = { ...text, graph: { ...text.graph!, initializer } };
      const { prepared, blueprint } = await blueprintOf(runtime, model, {
        layers: { b: { skip: true } },
      });
      const feeds = await feedsOf(runtime, prepared);
      const step = blueprint.grids.get('y')!.scale[0];
      for (const written of [writeQdq(blueprint), writeQOperator(blueprint)]) {
        const exact = await outputsOf(runtime, written, feeds, { keepQuantizers });
        const optimized = await outputsOf(runtime, written, feeds);
        const expected = exact.y.data as Float32Array;
        const steps = expected.map(
          (each, i) => Math.abs(each - Number(optimized.y.data[i])) / step,
        );
        expect(Math.max(...steps)).toBeLessThan(1.5);
      }
    },
  );

  it('needs the opset of its quantizers only for runtimes without their own', async () => {
    const model = weightedModel(cases[0].graph, { opset: 13 });
    const opsets = async (options: Readonly<Record<string, unknown>>) => {
      const { blueprint } = await blueprintOf(runtime, model, options);
      return writeQdq(blueprint).opsetImport.map(({ domain = '', version }) => [domain, version]);
    };
    expect(await opsets({ profile: 'tensorrt' })).toContainEqual(['', 13]);
    expect(await opsets({ profile: 'tensorrt', weights: 'int4' })).toContainEqual(['', 21]);
    expect(await opsets({ weights: 'int4' })).toContainEqual(['', 13]);
  });
});

describe.skipIf(sharedModels.length === 0)('trained models (needs ../shared)', () => {
  const few = [
    'resnet20-cifar10-bn',
    'mobilenetv1_0.25-vww96',
    'mnist-cntk',
    'ppocr-cls',
    'ultraface',
  ];
  const full = process.env.COPPICE_FULL === '1';
  const chosen = floatModels.filter(([name]) => full || few.includes(name));
  it.each(chosen)(
    '%s, quantized, computes the same in every form',
    async (_, path) => {
      const { operators, blueprint, fused, integers } = await check(readModelFile(path).model);
      expect(integers).toEqual(fused);
      const index = indexGraph(operators.graph!);
      const isInteger = (output: string) =>
        /^Q|Integer/.test(index.producer(output)?.node.opType ?? '');
      // Where the kernel includes an activation, its output has another name.
      expect(
        operators.graph!.node.filter(({ output }) => isInteger(output[0])).length,
      ).toBeGreaterThanOrEqual(blueprint.layers.size);
    },
    60_000,
  );
});
