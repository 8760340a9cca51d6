/** Each rewrite on small models: what becomes of them, that outputs stay, and when it must not act. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runModel } from '../../../../../test/support/masked-equals-cut';
import { randomFeeds, weightedModel } from '../../../../../test/support/weighted-text';
import { allGraphs } from '../../../ir/traverse';
import type { Model } from '../../../ir/model';
import { encodeModel } from '../../../onnx/write';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import type { PassContext } from '../../pass';
import { simplify } from '../simplify';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

interface Case {
  readonly title: string;
  readonly graph: string;
  /** Operators that are left, in order, those of subgraphs behind the node that holds them. */
  readonly left: string;
  readonly opset?: number;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Absolute error that rounding folded weights may cause; exact unless given. */
  readonly tolerance?: number;
}

async function run(model: Model, options: Case['options'], context: Partial<PassContext> = {}) {
  const signal = new AbortController().signal;
  return simplify.run(model, simplify.options.parse(options ?? {}), {
    signal,
    seed: 0,
    progress: () => undefined,
    runtime,
    ...context,
  });
}

function operators(model: Model): string {
  return [...allGraphs(model)].flatMap(({ node }) => node.map((each) => each.opType)).join(' ');
}

async function check({ graph, left, opset, options, tolerance = 0 }: Case): Promise<void> {
  const model = weightedModel(graph, { opset });
  const bytes = encodeModel(model);
  const result = await run(model, options);
  expect(operators(result.model)).toBe(left);
  expect(result.issues).toEqual([]);
  expect(Buffer.compare(encodeModel(model), bytes)).toBe(0);
  expect((await run(result.model, options)).changed).toBe(false);
  for (const seed of [2, 3]) {
    const feeds = randomFeeds(model, seed);
    const before = await runModel(model, feeds);
    const after = await runModel(result.model, feeds);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, expected] of before) {
      const actual = after.get(name)!;
      expect([actual.type, actual.dims]).toEqual([expected.type, expected.dims]);
      const values = actual.data as Float32Array;
      const worst = Array.from(expected.data as Float32Array, (value, i) =>
        Object.is(Number(value), Number(values[i]))
          ? 0
          : Math.abs(Number(value) - Number(values[i])),
      );
      expect(Math.max(0, ...worst)).toBeLessThanOrEqual(tolerance);
    }
  }
}

function rewrite(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    it.each(cases)('$title', check);
  });
}

const x4 = 'float[2,4,6,6] x';

rewrite('dead code', [
  {
    title: 'goes, and an unused input stays',
    graph: `(${x4}, float[3] z) => (float[2,4,6,6] y) { a = Sigmoid(x) b = Exp(a) y = Relu(x) }`,
    left: 'Relu',
  },
  {
    title: 'takes optional outputs along, not needed ones',
    graph: `(${x4}) => (float[2,4,3,3] y) { y, i = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x) d = Cast<to = 1>(i) }`,
    left: 'MaxPool',
  },
]);

rewrite('constants', [
  {
    title: 'are computed, also in a chain',
    graph: `(float[2,3] x) => (float[2,3] y) <float[3,2] w> { t = Transpose<perm = [1, 0]>(w) e = Exp(t) y = Add(x, e) }`,
    left: 'Add',
    tolerance: 1e-6,
  },
  {
    title: 'that would grow stay computed, with what needs them',
    graph: `(float[1,4000] x) => (float[1,4000] y) <int64[2] shape = {1, 4000}> { e = ConstantOfShape(shape) y = Add(x, e) }`,
    left: 'ConstantOfShape Add',
  },
  {
    title: 'grow where that is allowed',
    graph: `(float[1,4000] x) => (float[1,4000] y) <int64[2] shape = {1, 4000}> { e = ConstantOfShape<value = float[1] {2}>(shape) y = Add(x, e) }`,
    left: 'Add',
    options: { fold_limit: 20000 },
  },
  {
    title: 'that another node needs as they were are not stored twice',
    graph: `(float[40,30] x) => (float[40,40] y, float[40,30] z) <float[40,30] w> { t = Transpose<perm = [1, 0]>(w) y = MatMul(x, t) z = Add(x, w) }`,
    left: 'Transpose MatMul Add',
  },
  {
    title: 'are never random',
    graph: `(float[2] x) => (float[2] y, float[2] z) { r = RandomNormal<shape = [2], seed = 1.0>() s = RandomNormal<shape = [2], seed = 1.0>() zero = Constant<value = float {0}>() a = Mul(r, zero) b = Mul(s, zero) y = Add(x, a) z = Sub(x, b) }`,
    left: 'RandomNormal RandomNormal Mul Mul Add Sub',
  },
  {
    title: 'stay quantized',
    graph: `(float[2,3] x) => (float[2,3] y) <int8[3,3] q, float scale, int8 zero> { w = DequantizeLinear(q, scale, zero) t = Transpose<perm = [1, 0]>(w) y = MatMul(x, t) }`,
    left: 'DequantizeLinear Transpose MatMul',
  },
  {
    title: 'in a branch are folded there',
    graph: `(bool c, float[2] x) => (float[2] y) <float[2] w> { y = If(c) <then_branch = a () => (float[2] p) { e = Exp(w) p = Add(x, e) }, else_branch = b () => (float[2] q) { q = Neg(x) }> }`,
    left: 'If Add Neg',
    tolerance: 1e-6,
  },
  {
    title: 'that are outputs of a graph stay nodes',
    graph: `(bool c, float[1] x) => (float[1] y) { y = If(c) <then_branch = a () => (float[1] p) { p = Constant<value = float[1] {2}>() }, else_branch = b () => (float[1] q) { q = Neg(x) }> }`,
    left: 'If Constant Neg',
  },
]);

rewrite('shapes', [
  {
    title: 'follow from fixed sizes',
    graph: `(${x4}) => (float[2,144] y) { s = Shape(x) i = Constant<value = int64[1] {0}>() n = Gather(s, i) m = Constant<value = int64[1] {-1}>() t = Concat<axis = 0>(n, m) y = Reshape(x, t) }`,
    left: 'Reshape',
  },
  {
    title: 'with a dynamic size become 0 and -1',
    graph: `(float[N,4,6,6] x) => (float[N,144] y) { s = Shape(x) i = Constant<value = int64[1] {0}>() n = Gather(s, i) m = Constant<value = int64[1] {-1}>() t = Concat<axis = 0>(n, m) y = Reshape(x, t) }`,
    left: 'Reshape',
  },
  {
    title: 'of two dynamic sizes that change places stay computed',
    graph: `(float[N,M,6] x) => (float[M,N,6] y) { s = Shape(x) o = Constant<value = int64[3] {1, 0, 2}>() t = Gather(s, o) y = Reshape(x, t) }`,
    left: 'Shape Gather Reshape',
  },
  {
    title: 'that are outputs stay',
    graph: `(${x4}) => (int64[4] y) { y = Shape(x) }`,
    left: 'Shape',
  },
]);

rewrite('nodes that do nothing', [
  {
    title: 'go in a row, and the output keeps its name',
    graph: `(${x4}) => (float[2,4,6,6] y) { a = Relu(x) b = Identity(a) c = Dropout(b) d = Cast<to = 1>(c) e = Transpose<perm = [0, 1, 2, 3]>(d) f = Concat<axis = 1>(e) g = Flatten<axis = 1>(f) p = Constant<value = int64[4] {0, 4, 6, 6}>() h = Reshape(g, p) y = Identity(h) }`,
    left: 'Relu',
  },
  {
    title: 'stay between an input and an output',
    graph: `(${x4}) => (float[2,4,6,6] y) { y = Identity(x) }`,
    left: 'Identity',
  },
  {
    title: 'stay where two outputs are one value',
    graph: `(${x4}) => (float[2,4,6,6] y, float[2,4,6,6] z) { y = Relu(x) z = Identity(y) }`,
    left: 'Relu Identity',
  },
  {
    title: 'are told from a Slice that turns around',
    graph: `(float[6] x) => (float[6] y) <int64[1] s = {-1}, int64[1] e = {-100}, int64[1] a = {0}> { y0 = Slice(x, s, e, a, s) y = Relu(y0) }`,
    left: 'Slice Relu',
  },
  {
    title: 'are told from a Pad that moves',
    graph: `(float[6] x) => (float[6] y) <int64[2] p = {1, -1}> { a = Pad(x, p) y = Relu(a) }`,
    left: 'Pad Relu',
  },
  {
    title: 'are told from a transposition of equal sizes',
    graph: `(float[3,3] x) => (float[3,3] y) { a = Transpose(x) y = Relu(a) }`,
    left: 'Transpose Relu',
  },
  {
    title: 'are additions of zero and products with one that widen nothing',
    graph: `(float[2,3] x) => (float[2,3] y) { o = Constant<value = float[1] {1}>() z = Constant<value = float {0}>() a = Mul(o, x) b = Add(a, z) c = Sub(b, z) d = Div(c, o) e = Pow(d, o) y = Relu(e) }`,
    left: 'Relu',
  },
  {
    title: 'are told from those that widen',
    graph: `(float[1,3] x) => (float[2,3] y) { o = Constant<value = float[2,1] {1, 1}>() a = Mul(x, o) y = Relu(a) }`,
    left: 'Mul Relu',
  },
  {
    title: 'are told from differences from zero',
    graph: `(float[2,3] x) => (float[2,3] y) { z = Constant<value = float {0}>() a = Sub(z, x) y = Relu(a) }`,
    left: 'Sub Relu',
  },
]);

const conv = 'float[8,4,3,3] w, float[8] b';
const norm = 'float[8] gamma, float[8] beta, float[8] mean, float[8] variance';
const near = { tolerance: 2e-5 };

rewrite('scales and shifts', [
  {
    title: 'of a BatchNormalization go into Conv',
    graph: `(${x4}) => (float[2,8,4,4] y) <${conv}, ${norm}> { a = Conv(x, w, b) y = BatchNormalization(a, gamma, beta, mean, variance) }`,
    left: 'Conv',
    ...near,
  },
  {
    title: 'go into a Conv without bias, with groups',
    graph: `(${x4}) => (float[2,8,4,4] y) <float[8,2,3,3] w, ${norm}> { a = Conv<group = 2>(x, w) y = BatchNormalization(a, gamma, beta, mean, variance) }`,
    left: 'Conv',
    ...near,
  },
  {
    title: 'go into ConvTranspose with groups',
    graph: `(${x4}) => (float[2,8,8,8] y) <float[4,4,3,3] w, ${norm}> { a = ConvTranspose<group = 2>(x, w) y = BatchNormalization(a, gamma, beta, mean, variance) }`,
    left: 'ConvTranspose',
    ...near,
  },
  {
    title: 'stay where they are wanted',
    graph: `(${x4}) => (float[2,8,4,4] y) <${conv}, ${norm}> { a = Conv(x, w, b) y = BatchNormalization(a, gamma, beta, mean, variance) }`,
    left: 'Conv BatchNormalization',
    options: { keep_batchnorm: true },
  },
  {
    title: 'stay where another node reads the Conv',
    graph: `(${x4}) => (float[2,8,4,4] y, float[2,8,4,4] z) <${conv}, ${norm}> { a = Conv(x, w, b) y = BatchNormalization(a, gamma, beta, mean, variance) z = Relu(a) }`,
    left: 'Conv BatchNormalization Relu',
  },
  {
    title: 'stay where two layers share a large weight',
    graph: `(${x4}) => (float[2,8,4,4] y, float[2,8,4,4] z) <${conv}, ${norm}> { a = Conv(x, w, b) y = BatchNormalization(a, gamma, beta, mean, variance) r = Neg(x) z = Conv(r, w, b) }`,
    left: 'Conv BatchNormalization Neg Conv',
  },
  {
    title: 'by channel and by scalar go into Conv',
    graph: `(${x4}) => (float[2,8,4,4] y) <${conv}, float[8,1,1] f, float[1,8,1,1] t, float h, float[1] scale> { a = Conv(x, w, b) c = Mul(f, a) d = Add(c, t) e = Sub(h, d) y = Div(e, scale) }`,
    left: 'Conv',
    tolerance: 3e-3,
  },
  {
    title: 'along the width stay',
    graph: `(${x4}) => (float[2,8,4,4] y) <${conv}, float[4] f> { a = Conv(x, w, b) y = Mul(a, f) }`,
    left: 'Conv Mul',
  },
  {
    title: 'of a divided constant stay',
    graph: `(${x4}) => (float[2,8,4,4] y) <${conv}, float f> { a = Conv(x, w, b) s = Sigmoid(a) y = Div(f, s) }`,
    left: 'Conv Sigmoid Div',
  },
  {
    title: 'go into Gemm, transposed or not, with alpha and beta',
    graph: `(float[3,4] x) => (float[3,5] y) <float[5,4] w, float[5] b, float[4,6] v, float[6] c, float[6,5] u, float[5] f, float[1,6] t> { a = Gemm<alpha = 0.5, beta = 2.0>(x, v, c) d = Add(a, t) r = Relu(d) e = Gemm(r, u) g = Mul(e, f) h = Gemm<transB = 1, alpha = 2.0>(x, w, b) i = Mul(h, f) y = Add(g, i) }`,
    left: 'Gemm Relu Gemm Gemm Add',
    ...near,
  },
  {
    title: 'go into MatMul, where they only scale',
    graph: `(float[2,3,4] x) => (float[2,3,5] y, float[2,3,5] z) <float[4,5] w, float[4,5] v, float[5] f, float[5] t> { a = MatMul(x, w) y = Mul(a, f) c = MatMul(x, v) z = Add(c, t) }`,
    left: 'MatMul MatMul Add',
    ...near,
  },
  {
    title: 'go into a BatchNormalization',
    graph: `(${x4}) => (float[2,4,6,6] y) <float[4] gamma, float[4] beta, float[4] mean, float[4] variance, float[4,1,1] f, float[4,1,1] t> { r = Relu(x) a = BatchNormalization(r, gamma, beta, mean, variance) c = Mul(a, f) d = Add(c, t) y = Relu(d) }`,
    left: 'Relu BatchNormalization Relu',
    ...near,
  },
  {
    title: 'go into the next layer without padding',
    graph: `(${x4}) => (float[2,8,4,4] y, float[3,5] z) <${conv}, float[4,1,1] f, float[4,1,1] t, float[4,5] v, float[4] g> { r = Relu(x) a = Mul(r, f) c = Add(a, t) y = Conv(c, w, b) p = Constant<value = float[3,4] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}>() m = GlobalAveragePool(x) n = Flatten(m) i = Constant<value = int64[3] {0, 1, 0}>() q = Gather<axis = 0>(n, i) o = Sub(q, g) z = Gemm(o, v) }`,
    left: 'Relu Conv GlobalAveragePool Flatten Gather Gemm',
    ...near,
  },
  {
    title: 'pass zero padding only as far as they scale',
    graph: `(${x4}) => (float[2,8,6,6] y) <${conv}, float[4,1,1] scale, float[4,1,1] t> { r = Relu(x) a = Mul(r, scale) c = Add(a, t) y = Conv<pads = [1, 1, 1, 1]>(c, w, b) }`,
    left: 'Relu Add Conv',
    ...near,
  },
  {
    title: 'in a row become one',
    graph: `(float[2,3] x) => (float[2,3] y) <float scale, float[3] f, float[3] t, float[3] u> { r = Relu(x) a = Mul(r, f) b = Div(a, scale) c = Tanh(b) d = Add(c, t) e = Sub(d, u) y = Tanh(e) }`,
    left: 'Relu Mul Tanh Add Tanh',
    tolerance: 1e-6,
  },
]);

rewrite('products with a bias', [
  {
    title: 'become Gemm',
    graph: `(float[N,4] x) => (float[N,5] y) <float[4,5] w, float[5] b> { a = MatMul(x, w) y = Add(b, a) }`,
    left: 'Gemm',
    ...near,
  },
  {
    title: 'stay where there are more than two dimensions, or the bias has rows',
    graph: `(float[2,3,4] x, float[3,4] z) => (float[2,3,5] y, float[3,5] u) <float[4,5] w, float[5] b, float[4,5] v, float[3,1] c> { a = MatMul(x, w) y = Add(a, b) d = MatMul(z, v) u = Add(d, c) }`,
    left: 'MatMul Add MatMul Add',
  },
]);

rewrite('hard sigmoids', [
  {
    title: 'and swishes, whatever they multiply',
    graph: `(float[2,3] x) => (float[2,3] y, float[2,3] z) { three = Constant<value = float {3}>() zero = Constant<value = float {0}>() six = Constant<value = float {6}>() r = Neg(x) a = Add(r, three) c = Clip(a, zero, six) y = Div(c, six) s = Abs(x) e = Add(s, three) f = Clip(e, zero, six) g = Mul(s, f) z = Div(g, six) }`,
    left: 'Neg HardSigmoid Abs HardSigmoid Mul',
    tolerance: 1e-6,
  },
  {
    title: 'are told from other clips',
    graph: `(float[2,3] x) => (float[2,3] y) { three = Constant<value = float {3}>() zero = Constant<value = float {0}>() six = Constant<value = float {6}>() a = Add(x, three) c = Clip(a, zero, six) y = Div(c, three) }`,
    left: 'Add Clip Div',
  },
]);

rewrite('successive nodes', [
  {
    title: 'transposing become one or none',
    graph: `(float[2,3,4] x) => (float[4,2,3] y, float[2,3,4] z) { a = Transpose<perm = [1, 2, 0]>(x) y = Transpose<perm = [1, 2, 0]>(a) c = Neg(x) d = Transpose<perm = [2, 0, 1]>(c) e = Relu(d) two = Constant<value = float {2}>() f = Mul(e, two) z = Transpose<perm = [1, 2, 0]>(f) }`,
    left: 'Transpose Neg Relu Mul',
  },
  {
    title: 'transposing stay where another reads between',
    graph: `(float[2,3] x) => (float[2,3] y, float[3,2] z) { a = Transpose(x) b = Relu(a) y = Transpose(b) z = Neg(a) }`,
    left: 'Transpose Relu Transpose Neg',
  },
  {
    title: 'reshaping become one, with dynamic sizes',
    graph: `(float[N,4,1,1] x) => (float[N,2,2] y) <int64[2] axes = {2, 3}, int64[3] t = {0, 2, 2}> { r = Relu(x) a = Squeeze(r, axes) y = Reshape(a, t) }`,
    left: 'Relu Reshape',
  },
  {
    title: 'reshaping become none where the shape comes back',
    graph: `(float[N,4] x) => (float[N,4] y) <int64[1] axes = {0}> { r = Relu(x) a = Unsqueeze(r, axes) b = Squeeze(a, axes) y = Neg(b) }`,
    left: 'Relu Neg',
  },
  {
    title: 'slicing different axes become one',
    graph: `(${x4}) => (float[2,4,3,3] y) <int64[1] s = {0}, int64[1] e = {9223372036854775807}, int64[1] h = {2}, int64[1] w = {-1}, int64[1] two = {2}> { a = Slice(x, s, e, h, two) y = Slice(a, s, e, w, two) }`,
    left: 'Slice',
  },
  {
    title: 'slicing the same axis stay',
    graph: `(float[8] x) => (float[2] y) <int64[1] s = {1}, int64[1] e = {7}, int64[1] f = {3}, int64[1] a = {0}> { b = Slice(x, s, e, a) y = Slice(b, s, f, a) }`,
    left: 'Slice Slice',
  },
  {
    title: 'slicing in an old operator set',
    graph: `(${x4}) => (float[2,3,3,6] y) { a = Slice<axes = [1], starts = [1], ends = [9223372036854775807]>(x) y = Slice<axes = [2], starts = [0], ends = [3]>(a) }`,
    left: 'Slice',
    opset: 9,
  },
  {
    title: 'slicing one index and squeezing become Gather',
    graph: `(float[3,N,4] x) => (float[N,4] y, float[N,4] z) <int64[1] s = {1}, int64[1] e = {2}, int64[1] l = {-1}, int64[1] m = {9223372036854775807}, int64[1] a = {0}> { b = Slice(x, s, e, a) y = Squeeze(b, a) c = Slice(x, l, m, a) z = Squeeze(c, a) }`,
    left: 'Gather Gather',
  },
  {
    title: 'slicing what was concatenated read the part',
    graph: `(float[2,3] x, float[2,2] z) => (float[2,3] y, float[2,2] u, float[2,2] v) <int64[1] s = {0}, int64[1] m = {3}, int64[1] e = {100}, int64[1] a = {-1}, int64[1] o = {1}> { b = Relu(x) c = Neg(z) d = Concat<axis = 1>(b, c) p = Slice(d, s, m, a) y = Tanh(p) q = Slice(d, m, e, a) u = Tanh(q) v = Slice(d, o, m, a) }`,
    left: 'Relu Neg Concat Tanh Tanh Slice',
  },
  {
    title: 'concatenating become one, along one axis only',
    graph: `(float[2,3] x) => (float[2,12] y, float[4,6] z) { a = Neg(x) b = Concat<axis = 1>(x, a) y = Concat<axis = 1>(b, x, a) c = Concat<axis = 1>(a, x) z = Concat<axis = 0>(c, c) }`,
    left: 'Neg Concat Concat Concat',
  },
]);

rewrite('pads', [
  {
    title: 'of zeros go into Conv and AveragePool',
    graph: `(${x4}) => (float[2,8,7,5] y, float[2,4,8,8] z) <${conv}, int64[8] p = {0, 0, 1, 0, 0, 0, 0, 1}, int64[8] q = {0, 0, 2, 2, 0, 0, 2, 2}> { a = Pad(x, p) y = Conv<pads = [1, 0, 1, 0]>(a, w, b) c = Pad(x, q) z = AveragePool<kernel_shape = [3, 3]>(c) }`,
    left: 'Conv AveragePool',
    tolerance: 1e-5,
  },
  {
    title: 'of other values, other axes or other modes stay',
    graph: `(${x4}) => (float[2,8,6,6] y, float[2,8,6,6] z, float[2,8,4,4] u, float[2,4,6,6] v) <${conv}, float[8,6,3,3] k, int64[8] p = {0, 0, 1, 1, 0, 0, 1, 1}, int64[8] q = {0, 1, 0, 0, 0, 1, 0, 0}, float one = {1}> { a = Pad(x, p, one) y = Conv(a, w, b) c = Pad<mode = "edge">(x, p) z = Conv(c, w, b) d = Pad(x, q) u = Conv(d, k, b) e = Pad(x, p) v = MaxPool<kernel_shape = [3, 3]>(e) }`,
    left: 'Pad Conv Pad Conv Pad Conv Pad MaxPool',
  },
]);

rewrite('equal things', [
  {
    title: 'are computed once, and both outputs keep their names',
    graph: `(float[2,3] x) => (float[2,3] y, float[2,3] z, float[2,3] u) { a = Exp(x) b = Exp(x) c = Add(a, b) y = Relu(c) z = Relu(c) d = Neg(b) e = Neg(a) u = Mul(d, e) }`,
    left: 'Exp Add Relu Relu Neg Mul',
  },
  {
    title: 'differ by attributes',
    graph: `(float[2,3] x) => (float[2,3] y) { a = LeakyRelu<alpha = 0.1>(x) b = LeakyRelu<alpha = 0.2>(x) y = Mul(a, b) }`,
    left: 'LeakyRelu LeakyRelu Mul',
  },
]);

rewrite('branches', [
  {
    title: 'that are decided move out, names apart',
    graph: `(float[2,3] x) => (float[2,3] y) <float[3] w> { s = Shape(x) n = Size(s) two = Constant<value = int64 {2}>() c = Equal(n, two) a = Relu(x) y = If(c) <then_branch = t () => (float[2,3] p) { q = Mul(a, w) p = Tanh(q) }, else_branch = e () => (float[2,3] q) { q = Neg(a) }> }`,
    left: 'Relu Mul Tanh',
  },
  {
    title: 'that hand a value through keep their name',
    graph: `(float[2,3] x) => (float[2,3] y) { c = Constant<value = bool {1}>() y = If(c) <then_branch = t () => (float[2,3] p) { p = Identity(x) }, else_branch = e () => (float[2,3] q) { q = Neg(x) }> }`,
    left: 'Identity',
  },
  {
    title: 'that are open stay, with what they read from outside',
    graph: `(bool c, float[2,3] x) => (float[2,3] y) { a = Identity(x) b = Exp(a) d = Exp(x) y = If(c) <then_branch = t () => (float[2,3] p) { p = Add(a, b) }, else_branch = e () => (float[2,3] q) { q = Sub(d, b) }> }`,
    left: 'Exp If Add Sub',
  },
]);

describe('a loop', () => {
  it('keeps what it carries', () =>
    check({
      title: '',
      graph: `(float[2] x) => (float[2] y) <int64 n = {3}, bool go = {1}, float[2] w> { r = Relu(x) y = Loop(n, go, r) <body = b (int64 i, bool c, float[2] v) => (bool d, float[2] u) { d = Identity(c) e = Exp(w) f = Identity(e) g = Add(v, f) u = Identity(g) }> }`,
      left: 'Relu Loop Identity Add',
      tolerance: 1e-5,
    }));
});

describe('what is said', () => {
  const folded = `(float[2,3] x) => (float[2,3] y) <float[3] w> { e = Exp(w) y = Add(x, e) }`;

  it('works without a runtime, where constants stay computed', async () => {
    const { model } = await run(weightedModel(folded), {}, { runtime: undefined });
    expect(operators(model)).toBe('Exp Add');
  });

  it('leaves out what is not wanted', async () => {
    const { model } = await run(weightedModel(folded), { skip: 'fold-constants, dead-code' });
    expect(operators(model)).toBe('Exp Add');
    expect(simplify.options.safeParse({ skip: ['fold-everything'] }).success).toBe(false);
  });

  it('counts each rewrite', async () => {
    const { notes } = await run(weightedModel(folded), {});
    expect(notes.map(({ subject, before }) => [subject, before])).toEqual([
      ['nodes', 2],
      ['fold-constants', 1],
      ['dead-code', 2],
    ]);
  });

  it('stops when it is cancelled', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(run(weightedModel(folded), {}, { signal })).rejects.toThrow('enough');
  });

  it('refuses names that a subgraph makes anew', () => {
    const model = weightedModel(
      `(bool c, float[2] x) => (float[2] y) { a = Relu(x) y = If(c) <then_branch = t () => (float[2] p) { a = Neg(x) p = Relu(a) }, else_branch = e () => (float[2] q) { q = Neg(a) }> }`,
    );
    expect(simplify.refuse(model)).toContain('"a"');
  });
});

describe('weights that are inputs of the model, too', () => {
  const listed = (): Model => {
    const model = weightedModel(
      `(float[2,4] x) => (float[2,5] y) <float[4,5] w, float[5] f> { a = MatMul(x, w) y = Mul(a, f) }`,
    );
    const graph = model.graph!;
    model.irVersion = 3;
    graph.input.push(
      ...graph.initializer.map(({ name }) => ({ name, type: undefined, metadataProps: [] })),
    );
    return model;
  };

  it('are constants, and no inputs any more', async () => {
    const { model } = await run(listed(), {});
    expect(operators(model)).toBe('MatMul');
    expect(model.graph!.input.map(({ name }) => name)).toEqual(['x']);
    expect(Number(model.irVersion)).toBe(4);
  });

  it('stay overridable where that is wanted', async () => {
    const { model, changed } = await run(listed(), { keep_inputs: true });
    expect(changed).toBe(false);
    expect(operators(model)).toBe('MatMul Mul');
    expect(model.graph!.input).toHaveLength(3);
  });
});
