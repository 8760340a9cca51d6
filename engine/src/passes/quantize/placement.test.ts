/** Where quantizers go for each runtime: what must hold on real networks, and single patterns. */

import { beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Model } from '../../ir/model';
import { makeTensor } from '../../ir/tensor';
import { readModelFile } from '../../onnx/read';
import { sharedModel, sharedModels } from '../../onnx/testing/shared-models';
import { place, type Placement } from './placement';
import { prepare } from './prepare';
import { profiles } from './profiles/index';
import type { Profile } from './profiles/profile';

const context = { signal: new AbortController().signal, seed: 0, progress: () => undefined };
const profile = (id: string): Profile => profiles.find((each) => each.id === id)!;
const siteOf = ({ quantizers }: Placement, value: string) =>
  quantizers.findIndex(({ values }) => values.includes(value));
const isQuantized = (placement: Placement, value: string) => siteOf(placement, value) >= 0;

function placed(graph: string, id = 'onnxruntime-cpu'): Placement {
  return place(weightedModel(graph), profile(id));
}

describe.each(profiles)('$id', (each) => {
  const models = [
    'resnet20-cifar10-bn',
    'mobilenetv1_0.25-vww96',
    'squeezenet_v1.0-deepcompressed',
  ];

  describe.skipIf(sharedModels.length === 0).each(models)('on %s (needs ../shared)', (name) => {
    let model: Model;
    let index: GraphIndex;
    let placement: Placement;
    beforeAll(async () => {
      model = await prepare(readModelFile(sharedModel(`${name}.onnx`)).model, context);
      index = indexGraph(model.graph!);
      placement = place(model, each);
    });

    it('quantizes every layer and what it reads', () => {
      expect(placement.floats).toEqual([]);
      const products = model.graph!.node.filter(({ opType }) => /^(Conv|Gemm)$/.test(opType!));
      expect(placement.layers.map(({ node }) => node)).toEqual(products);
      for (const { input } of placement.layers) expect(isQuantized(placement, input)).toBe(true);
    });

    it('keeps quantizers out of Conv and the activation behind it', () => {
      const fused = placement.layers.flatMap(({ node }) => {
        const uses = index.uses(node.output[0]);
        const [use] = uses;
        return uses.length === 1 && each.fusedActivations.includes(use.node.opType!) ? [node] : [];
      });
      expect(fused.length).toBeGreaterThan(5);
      for (const { output } of fused) expect(isQuantized(placement, output[0])).toBe(false);
    });

    it('quantizes sums of branches as the runtime computes them', () => {
      for (const { opType, input } of model.graph!.node) {
        if (opType !== 'Add') continue;
        const isFloat = input.map((value) => !isQuantized(placement, value));
        expect(isFloat.filter(Boolean)).toHaveLength(each.fusesAdd ? 1 : 0);
        const inside = input[isFloat.indexOf(true)];
        if (each.fusesAdd) expect(index.producer(inside)!.node.opType).toBe('Conv');
      }
    });

    it('lets what only moves values keep their scale', () => {
      for (const { opType, input, output } of model.graph!.node) {
        if (!['MaxPool', 'Flatten', 'Reshape', 'Slice', 'Pad'].includes(opType!)) continue;
        expect(siteOf(placement, output[0])).toBe(siteOf(placement, input[0]));
        expect(isQuantized(placement, output[0])).toBe(true);
      }
    });

    it('lets what is joined share one scale where the runtime wants that', () => {
      for (const { opType, input, output } of model.graph!.node) {
        if (opType !== 'Concat') continue;
        const sites = new Set([...input, ...output].map((value) => siteOf(placement, value)));
        expect(sites.size).toBe(each.operators.Concat === 'joins' ? 1 : input.length + 1);
      }
    });
  });

  it('leaves curves and normalization in floating point unless it lists them', () => {
    const placement = placed(
      `(float[2,8] x) => (float[2,8] y) <float[8,8] w, float[8] s> {
        a = MatMul(x, w) b = Sigmoid(a) c = MatMul(b, w) d = Softmax(c) e = MatMul(d, w)
        f = LayerNormalization(e, s) y = MatMul(f, w) }`,
      each.id,
    );
    for (const { opType = '' } of placement.nodes) expect(each.operators).toHaveProperty(opType);
    expect([...placement.nodes].some(({ opType }) => opType === 'LayerNormalization')).toBe(false);
    const listsCurves = [...placement.nodes].some(({ opType }) => opType === 'Sigmoid');
    expect(listsCurves).toBe(each.id === 'qnn');
  });

  it('says for whom it is, and where its facts are from', () => {
    expect(each.doc.length).toBeGreaterThan(100);
    expect(each.sources.length).toBeGreaterThan(0);
    for (const type of each.activations.types) {
      if (each.activations.symmetric) expect(type.startsWith('int')).toBe(true);
    }
  });
});

describe('placement', () => {
  it.each([
    ['of doubles', 'double[2,4] x', 'double[2,3] y', 'double[4,3] w', 'y = MatMul(x, w)', 'it'],
    [
      'of an input that is transposed',
      'float[4,2] x',
      'float[2,3] y',
      'float[4,3] w',
      'y = Gemm<transA = 1>(x, w)',
      'transposes',
    ],
    [
      'of a weight of three dimensions',
      'float[2,2,4] x',
      'float[2,2,3] y',
      'float[2,4,3] w',
      'y = MatMul(x, w)',
      'dimensions',
    ],
    [
      'of a weight that is computed',
      'float[1,2,4,4] x, float[2,2,1,1] v',
      'float[1,2,4,4] y',
      'float[1] b',
      'w = Exp(v) y = Conv(x, w)',
      'computed',
    ],
    [
      'without an integer kernel',
      'float[1,2,4,4] x',
      'float[1,2,8,8] y',
      'float[2,2,2,2] w',
      'y = ConvTranspose<strides = [2, 2]>(x, w)',
      'computes ConvTranspose in floating point',
    ],
    [
      'that recurs',
      'float[3,1,4] x',
      'float[3,1,1,2] y',
      'float[1,8,4] w, float[1,8,2] r',
      'y = LSTM<hidden_size = 2>(x, w, r)',
      'LSTM',
    ],
  ])('leaves a layer %s in floating point', (_, input, output, weights, node, reason) => {
    const { layers, floats, quantizers } = placed(
      `(${input}) => (${output}) <${weights}> { ${node} }`,
    );
    expect([layers.length, quantizers.length]).toEqual([0, 0]);
    expect(floats).toHaveLength(1);
    expect(floats[0].reason).toContain(reason);
  });

  it('leaves weights that are not finite alone', () => {
    const model = weightedModel(
      '(float[2,4] x) => (float[2,3] y) <float[4,3] w> { y = MatMul(x, w) }',
    );
    const data = [NaN, ...Array<number>(11).fill(1)];
    model.graph!.initializer = [makeTensor('w', 'float', [4, 3], data)];
    expect(place(model, profiles[0]).floats[0].reason).toContain('not finite');
  });

  it('names layers of subgraphs among those that stay floats', () => {
    const { floats } = placed(
      `(float[2,4] x, bool c) => (float[2,4] y) <float[4,4] w> { y = If(c) <
        then_branch = one () => (float[2,4] p) { p = Gemm(x, w) },
        else_branch = two () => (float[2,4] q) { q = Relu(x) }> }`,
    );
    expect(floats).toEqual([expect.objectContaining({ reason: 'it lies in a subgraph' })]);
  });

  it('leaves layers that the caller names', () => {
    const model = weightedModel(
      '(float[2,4] x) => (float[2,4] y) <float[4,4] a.weight, float[4,4] b.weight> { h = MatMul(x, a.weight) y = MatMul(h, b.weight) }',
    );
    const { layers, floats } = place(model, profiles[0], (name) =>
      name === 'a' ? 'why not' : undefined,
    );
    expect(layers.map(({ name }) => name)).toEqual(['b']);
    expect(floats).toEqual([{ name: 'a', reason: 'why not' }]);
  });

  const conv = 'float[4,4,3,3] w, float[4,4,1,1] p';

  it('leaves gates that are spelled out in floating point', () => {
    const placement = placed(
      `(float[1,4,6,6] x) => (float[1,4,4,4] y) <${conv}, float three = {3}, float zero = {0}, float six = {6}> {
        c = Conv(x, w) a = Add(c, three) g = Clip(a, zero, six) m = Mul(c, g) y = Conv(m, p) }`,
    );
    expect(['a', 'g'].filter((value) => isQuantized(placement, value))).toEqual([]);
    expect(placement.operands).toEqual([]);
  });

  it('takes values that are blended or filled in for new ones', () => {
    const placement = placed(
      `(float[1,4,6,6] x) => (float[1,4,14,14] y) <${conv}, int64[8] pads = {0,0,1,1,0,0,1,1}, float one = {1}, float[4] scales = {1,1,2,2}> {
        c = Conv(x, w) a = Pad(c, pads, one) b = Conv(a, p) r = Resize<mode = "linear">(b, , scales) z = Pad(r, pads) y = Conv(z, p) }`,
    );
    expect(siteOf(placement, 'a')).not.toBe(siteOf(placement, 'c'));
    expect(isQuantized(placement, 'r')).toBe(false);
    expect(isQuantized(placement, 'z')).toBe(true);
  });

  it('leaves indices alone', () => {
    const placement = placed(
      `(float[1,4,6,6] x) => (float[1,4,2,2] y, int64[1,4,2,2] i) <${conv}> { c = Conv(x, w) y, i = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(c) }`,
    );
    expect([isQuantized(placement, 'y'), isQuantized(placement, 'i')]).toEqual([true, false]);
  });

  it('gives a sum to one of two layers that feed it', () => {
    const placement = placed(
      `(float[1,4,6,6] x) => (float[1,4,4,4] y) <${conv}> { c = Conv(x, w) d = Conv(x, w) e = Add(c, d) r = Relu(e) y = Conv(r, p) }`,
      'tensorrt',
    );
    expect(['c', 'd', 'e', 'r'].map((value) => isQuantized(placement, value))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(placement.layers.map(({ output }) => output)).toEqual(['r', 'd', 'y']);
  });

  it('keeps the bias behind MatMul in floating point', () => {
    const placement = placed(
      `(float[2,3,4] x) => (float[2,3,4] y) <float[4,4] w, float[4] b> { m = MatMul(x, w) a = Add(b, m) y = MatMul(a, w) }`,
    );
    expect(['m', 'a'].map((value) => isQuantized(placement, value))).toEqual([false, true]);
    expect(placement.operands).toEqual([]);
  });
});
