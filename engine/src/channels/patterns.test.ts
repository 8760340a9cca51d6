/** Every way in which channels are coupled, each on a tiny graph, proved by masked = cut. */

import { describe, expect, test } from 'vitest';
import { inspect } from '../inspect/inspect';
import { validateModel } from '../ir/validate';
import { seededRandom } from '../linalg/random';
import { encodeModel } from '../onnx/write';
import { inferTypes } from '../ops/infer';
import { compareMaskedAndCut } from '../../../test/support/masked-equals-cut';
import { randomFeeds, weightedModel } from '../../../test/support/weighted-text';
import { analyzeChannels, type ChannelAnalysis } from './analyze';
import { channelCosts } from './cost';
import { cutChannels } from './cut';

interface Pattern {
  readonly title: string;
  readonly graph: string;
  readonly opset?: number;
  /** `id units unit` of each group, in order; `pinned` behind those that are, `~` behind inexact ones. */
  readonly groups: readonly string[];
}

const patterns: readonly Pattern[] = [
  {
    title: 'convolutions in a row, with biases',
    graph: `(float[1,3,6,6] x) => (float[1,5,2,2] y)
      <float[4,3,3,3] a.weight, float[4] a.bias, float[5,4,3,3] b.weight, float[5] b.bias>
      { h = Conv(x, a.weight, a.bias)  r = Sigmoid(h)  y = Conv(r, b.weight, b.bias) }`,
    groups: ['a 4 channel', 'b 5 channel pinned'],
  },
  {
    title: 'residual Add with BatchNormalization and PRelu',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[4,3,1,1] a.weight, float[4,4,1,1] b.weight, float[2,4,1,1] c.weight, float[4,1,1] slope,
       float[4] scale, float[4] shift, float[4] mean, float[4] var>
      { h = Conv(x, a.weight)  n = BatchNormalization(h, scale, shift, mean, var)
        p = PRelu(n, slope)  b = Conv(p, b.weight)  s = Add(b, h)  y = Conv(s, c.weight) }`,
    groups: ['a 4 channel', 'c 2 channel pinned'],
  },
  {
    title: 'Concat of branches of different widths',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[4,3,1,1] a.weight, float[6,3,1,1] b.weight, float[2,13,1,1] c.weight>
      { h = Conv(x, a.weight)  g = Conv(x, b.weight)  j = Concat<axis = 1>(h, x, g)
        r = Sigmoid(j)  y = Conv(r, c.weight) }`,
    groups: ['a 4 channel', 'b 6 channel', 'c 2 channel pinned'],
  },
  {
    title: 'Split, Slice and Gather, with negative steps and starts',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[8,3,1,1] a.weight, float[3,3,1,1] b.weight, float[2,3,1,1] c.weight,
       float[2,2,1,1] d.weight, float[2,2,1,1] e.weight,
       int64[2] sizes = {3, 5}, int64[1] st = {-1}, int64[1] en = {-4}, int64[1] ax = {1},
       int64[1] step = {-1}, int64[2] picks = {0, -1}, int64[1] zero = {0}, int64[1] max = {9223372036854775807},
       int64[1] two = {2}>
      { h = Conv(x, a.weight)  p, q = Split<axis = 1>(h, sizes)
        b = Conv(p, b.weight)
        s = Slice(q, st, en, ax, step)  c = Conv(s, c.weight)
        g = Gather<axis = 1>(q, picks)  d = Conv(g, d.weight)
        k = Slice(b, zero, max, ax, two)  e = Conv(k, e.weight)
        f = Add(c, d)  y = Add(e, f) }`,
    groups: [
      'a 3 channel',
      'a#2 1 channel pinned',
      'a#3 1 channel pinned',
      'a#4 2 channel',
      'a#5 1 channel pinned',
      'b 2 channel',
      'b#2 1 channel pinned',
      'c 2 channel pinned',
    ],
  },
  {
    title: 'Pad of channels (option-A shortcut) beside a wider branch',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[4,3,1,1] a.weight, float[8,4,1,1] b.weight, float[2,8,1,1] c.weight,
       int64[8] pads = {0, 2, 0, 0, 0, 2, 0, 0}>
      { h = Conv(x, a.weight)  b = Conv(h, b.weight)  p = Pad(h, pads)  s = Add(b, p)
        r = Sigmoid(s)  y = Conv(r, c.weight) }`,
    groups: ['a 4 channel', 'b 4 channel', 'c 2 channel pinned'],
  },
  {
    title: 'Flatten and Reshape into dense layers',
    graph: `(float[2,3,4,4] x) => (float[2,3] y, float[2,3] z)
      <float[4,3,1,1] a.weight, float[64,5] b.weight, float[5] b.bias, float[3,5] c.weight,
       float[64,3] d.weight, int64[2] shape = {0, -1}>
      { h = Conv(x, a.weight)  r = Relu(h)  f = Flatten(r)  g = Gemm(f, b.weight, b.bias)
        y = Gemm<transB = 1>(g, c.weight)  k = Reshape(r, shape)  z = MatMul(k, d.weight) }`,
    groups: ['a 4 channel', 'b 5 channel', 'c 3 channel pinned', 'd 3 channel pinned'],
  },
  {
    title: 'channels last between two Transposes',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[4,3,1,1] a.weight, float[4,6] b.weight, float[6] b.bias, float[2,6,1,1] c.weight>
      { h = Conv(x, a.weight)  t = Transpose<perm = [0, 2, 3, 1]>(h)  m = MatMul(t, b.weight)
        s = Add(m, b.bias)  g = Relu(s)  u = Transpose<perm = [0, 3, 1, 2]>(g)  y = Conv(u, c.weight) }`,
    groups: ['a 4 channel', 'b 6 channel', 'c 2 channel pinned'],
  },
  {
    title: 'grouped and depthwise convolution, with a multiplier',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[8,3,1,1] a.weight, float[8,4,1,1] b.weight, float[16,1,3,3] c.weight, float[16] c.bias, float[2,16,1,1] d.weight>
      { h = Conv(x, a.weight)  g = Conv<group = 2>(h, b.weight)
        k = Conv<group = 8, pads = [1, 1, 1, 1]>(g, c.weight, c.bias)  r = Relu(k)  y = Conv(r, d.weight) }`,
    groups: [
      'a 4 channel in each of 2 groups',
      'b 4 channel in each of 2 groups',
      'd 2 channel pinned',
    ],
  },
  {
    title: 'channel shuffle',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[12,3,1,1] a.weight, float[12,4,1,1] b.weight, float[2,12,1,1] c.weight,
       int64[5] five = {0, 3, 4, 4, 4}, int64[4] four = {1, -1, 4, 4}>
      { h = Conv(x, a.weight)  s = Reshape(h, five)  t = Transpose<perm = [0, 2, 1, 3, 4]>(s)
        k = Reshape(t, four)  y = Conv(k, c.weight) }`,
    groups: ['a 4 channel in each of 3 groups', 'c 2 channel pinned'],
  },
  {
    title: 'squeeze-and-excite',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[8,3,1,1] a.weight, float[4,8,1,1] down.weight, float[4] down.bias, float[8,4,1,1] up.weight,
       float[8] up.bias, float[2,8,1,1] c.weight>
      { h = Conv(x, a.weight)  p = GlobalAveragePool(h)  d = Conv(p, down.weight, down.bias)  r = Relu(d)
        u = Conv(r, up.weight, up.bias)  g = HardSigmoid(u)  m = Mul(h, g)  y = Conv(m, c.weight) }`,
    groups: ['a 8 channel', 'down 4 channel', 'c 2 channel pinned'],
  },
  {
    title: 'pooling, Resize by sizes and ConvTranspose',
    graph: `(float[1,3,4,4] x) => (float[1,2,8,8] y)
      <float[4,3,1,1] a.weight, float[4,6,2,2] b.weight, float[6] b.bias, float[3,2,2,2] e.weight,
       float[6,1,3,3] d.weight, float[2,6,1,1] c.weight, int64[4] sizes = {1, 4, 4, 4}>
      { h = Conv(x, a.weight)  p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(h)
        r = Resize(p, , , sizes)  t = ConvTranspose<strides = [2, 2]>(r, b.weight, b.bias)
        u = ConvTranspose<group = 6, pads = [1, 1, 1, 1]>(t, d.weight)
        s = Relu(u)  y = Conv(s, c.weight) }`,
    groups: ['a 4 channel', 'b 6 channel', 'c 2 channel pinned'],
  },
  {
    title: 'ConvTranspose in groups',
    graph: `(float[1,3,4,4] x) => (float[1,2,8,8] y)
      <float[8,3,1,1] a.weight, float[8,3,2,2] b.weight, float[6] b.bias, float[2,6,1,1] c.weight>
      { h = Conv(x, a.weight)  t = ConvTranspose<strides = [2, 2], group = 2>(h, b.weight, b.bias)
        s = Relu(t)  y = Conv(s, c.weight) }`,
    groups: [
      'a 4 channel in each of 2 groups',
      'b 3 channel in each of 2 groups',
      'c 2 channel pinned',
    ],
  },
  {
    title: 'constant on the left of a MatMul, transA and transB',
    graph: `(float[5,4] x) => (float[4,2] y)
      <float[6,5] a.weight, float[6,3] b.weight, float[2,3] c.weight>
      { h = MatMul(a.weight, x)  r = Relu(h)  g = Gemm<transA = 1>(r, b.weight)  y = Gemm<transB = 1>(g, c.weight) }`,
    groups: ['a 6 channel', 'b 3 channel', 'c 2 channel pinned'],
  },
  {
    title: 'instance, layer and group normalization',
    opset: 21,
    graph: `(float[1,3,4,4] x) => (float[1,4,4,2] y)
      <float[8,3,1,1] a.weight, float[8] scale1, float[8] b1, float[8,8,1,1] b.weight, float[8] scale2, float[8] b2,
       float[6,8,1,1] c.weight, float[6] scale3, float[6] b3, float[6,2] d.weight>
      { h = Conv(x, a.weight)  n = InstanceNormalization(h, scale1, b1)  k = Conv(n, b.weight)
        g = GroupNormalization<num_groups = 2>(k, scale2, b2)  c = Conv(g, c.weight)
        t = Transpose<perm = [0, 2, 3, 1]>(c)  l = LayerNormalization(t, scale3, b3)  y = MatMul(l, d.weight) }`,
    groups: [
      'a 8 channel',
      'b 4 channel in each of 2 groups~',
      'c 6 channel~',
      'd 2 channel pinned',
    ],
  },
  {
    title: 'layer normalization spelled out',
    opset: 17,
    graph: `(float[1,4,5] x) => (float[1,4,2] y)
      <float[5,6] a.weight, float[6] a.bias, float[6] scale, float[6] shift, float[6,2] b.weight,
       float two = {2.0}, float eps = {0.00001}>
      { m = MatMul(x, a.weight)  h = Add(m, a.bias)  mean = ReduceMean<axes = [-1]>(h)  d = Sub(h, mean)
        q = Pow(d, two)  v = ReduceMean<axes = [-1]>(q)  e = Add(v, eps)  s = Sqrt(e)  n = Div(d, s)
        k = Mul(n, scale)  l = Add(k, shift)  y = MatMul(l, b.weight) }`,
    groups: ['a 6 channel~', 'b 2 channel pinned'],
  },
  {
    title: 'group normalization as Reshape and InstanceNormalization',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[12,3,1,1] a.weight, float[3] scale, float[3] shift, float[12,1,1] gamma, float[2,12,1,1] b.weight,
       int64[3] three = {0, 3, -1}, int64[4] four = {1, 12, 4, 4}>
      { h = Conv(x, a.weight)  r = Reshape(h, three)  n = InstanceNormalization(r, scale, shift)
        f = Reshape(n, four)  g = Mul(f, gamma)  y = Conv(g, b.weight) }`,
    groups: ['a 4 channel in each of 3 groups~', 'b 2 channel pinned'],
  },
  {
    title: 'attention spelled out, heads as units',
    graph: `(float[2,5,6] x) => (float[2,5,3] y)
      <float[6,12] q.weight, float[12] q.bias, float[6,12] k.weight, float[6,12] v.weight, float[12,3] o.weight,
       int64[4] heads = {0, 0, 4, 3}, int64[3] flat = {0, 0, 12}, float scale1 = {0.5}>
      { qm = MatMul(x, q.weight)  qb = Add(qm, q.bias)  q4 = Reshape(qb, heads)  qt = Transpose<perm = [0, 2, 1, 3]>(q4)
        km = MatMul(x, k.weight)  k4 = Reshape(km, heads)  kt = Transpose<perm = [0, 2, 3, 1]>(k4)
        vm = MatMul(x, v.weight)  v4 = Reshape(vm, heads)  vt = Transpose<perm = [0, 2, 1, 3]>(v4)
        s = MatMul(qt, kt)  sc = Mul(s, scale1)  p = Softmax<axis = -1>(sc)  a = MatMul(p, vt)
        at = Transpose<perm = [0, 2, 1, 3]>(a)  f = Reshape(at, flat)  y = MatMul(f, o.weight) }`,
    groups: ['q 4 head of 3', 'o 3 channel pinned'],
  },
  {
    title: 'attention with one projection for queries, keys and values',
    graph: `(float[2,5,6] x) => (float[2,5,3] y)
      <float[6,36] qkv.weight, float[36] qkv.bias, float[12,3] o.weight,
       int64[5] parts = {0, 0, 3, 4, 3}, int64[3] flat = {2, 5, 12}, int64 zero = {0}, int64 one = {1}, int64 two = {2}>
      { m = MatMul(x, qkv.weight)  b = Add(m, qkv.bias)  r = Reshape(b, parts)
        t = Transpose<perm = [2, 0, 3, 1, 4]>(r)  q = Gather<axis = 0>(t, zero)  k = Gather<axis = 0>(t, one)
        v = Gather<axis = 0>(t, two)  kt = Transpose<perm = [0, 1, 3, 2]>(k)  s = MatMul(q, kt)
        p = Softmax<axis = -1>(s)  a = MatMul(p, v)  at = Transpose<perm = [0, 2, 1, 3]>(a)
        f = Reshape(at, flat)  y = MatMul(f, o.weight) }`,
    groups: ['qkv 4 head of 9', 'o 3 channel pinned'],
  },
  {
    title: 'attention as one operator, com.microsoft',
    graph: `(float[2,5,6] x) => (float[2,5,3] y)
      <float[6,36] qkv.weight, float[36] qkv.bias, float[12,3] o.weight>
      { a = com.microsoft.Attention<num_heads = 4>(x, qkv.weight, qkv.bias)  y = MatMul(a, o.weight) }`,
    groups: ['qkv 4 head of 3', 'o 3 channel pinned'],
  },
  {
    title: 'com.microsoft MultiHeadAttention behind three projections',
    graph: `(float[2,5,6] x) => (float[2,5,3] y)
      <float[6,12] q.weight, float[6,12] k.weight, float[6,12] v.weight, float[36] bias, float[12,3] o.weight>
      { q = MatMul(x, q.weight)  k = MatMul(x, k.weight)  v = MatMul(x, v.weight)
        a = com.microsoft.MultiHeadAttention<num_heads = 4>(q, k, v, bias)  y = MatMul(a, o.weight) }`,
    groups: ['q 4 head', 'o 3 channel pinned'],
  },
  {
    title: 'embeddings with positions, and a fused skip normalization',
    graph: `(int64[2,5] ids) => (float[2,5,3] y)
      <float[9,6] words.weight, float[5,6] positions, float[6,6] a.weight, float[6] gamma, float[6] beta, float[6,3] o.weight>
      { e = Gather(words.weight, ids)  p = Add(e, positions)  m = MatMul(p, a.weight)
        s = com.microsoft.SkipLayerNormalization<epsilon = 0.00001>(p, m, gamma, beta)  y = MatMul(s, o.weight) }`,
    groups: ['words 6 channel~', 'o 3 channel pinned'],
  },
  ...['LSTM', 'GRU', 'RNN'].map((op): Pattern => {
    const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]! * 4;
    return {
      title: `${op} in both directions`,
      graph: `(float[3,2,5] x) => (float[3,2,3] y)
        <float[2,${gates},5] w, float[2,${gates},4] r, float[2,${2 * gates}] b, float[8,3] o.weight,
         float[2,2,4] start, int64[3] flat = {3, 2, 8}>
        { s = ${op}<hidden_size = 4, direction = "bidirectional">(x, w, r, b, , start)
          t = Transpose<perm = [0, 2, 1, 3]>(s)  f = Reshape(t, flat)  y = MatMul(f, o.weight) }`,
      groups: [`${op} → s 4 hidden unit in both directions`, 'o 3 channel pinned'],
    };
  }),
  {
    title: 'constants that broadcast per channel, Expand and Tile',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[4,3,1,1] a.weight, float[1,4,1,1] shift, float[4,1,1] factor, float[1,1,4,4] place, float[4,1,4] rows,
       float[1,1,1,1] one, int64[4] shape = {1, 4, 4, 4}, int64[4] repeats = {1, 4, 4, 4}, float[2,4,1,1] b.weight>
      { h = Conv(x, a.weight)  s = Add(h, shift)  m = Mul(s, factor)  p = Add(m, place)  w = Add(p, rows)
        e = Expand(one, shape)  t = Tile(one, repeats)  k = Add(w, e)  l = Add(k, t)  y = Conv(l, b.weight) }`,
    groups: ['a 4 channel', 'b 2 channel pinned'],
  },
  {
    title: 'quantized weights with a scale for each channel',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <int8[4,3,1,1] a.weight_quantized, float[4] scale1, int8[4] zero1, float scale2 = {0.05}, uint8 zero2 = {120},
       int8[2,4,1,1] b.weight_quantized, float[2] scale3, int8[2] zero3>
      { a = DequantizeLinear<axis = 0>(a.weight_quantized, scale1, zero1)  h = Conv(x, a)
        q = QuantizeLinear(h, scale2, zero2)  d = DequantizeLinear(q, scale2, zero2)
        b = DequantizeLinear<axis = 0>(b.weight_quantized, scale3, zero3)  y = Conv(d, b) }`,
    groups: ['a 4 channel', 'b 2 channel pinned'],
  },
  {
    title: 'QLinearConv and QLinearMatMul',
    graph: `(uint8[1,3,4,4] x) => (uint8[1,4,4,2] y)
      <float sx = {0.05}, uint8 zx = {2}, int8[4,3,1,1] a.weight, float[4] scale1, int8[4] zero1, float scale2 = {0.5},
       uint8 zero2 = {120}, int32[4] bias, int8[4,2] b.weight, float scale3 = {0.04}, int8 zero3 = {0}>
      { h = QLinearConv(x, sx, zx, a.weight, scale1, zero1, scale2, zero2, bias)  t = Transpose<perm = [0, 2, 3, 1]>(h)
        y = QLinearMatMul(t, scale2, zero2, b.weight, scale3, zero3, scale2, zero2) }`,
    groups: ['a 4 channel', 'b 2 channel pinned'],
  },
  {
    title: 'weights behind Identity, Cast, Transpose and Reshape, and in Constant nodes',
    graph: `(float[2,3] x) => (float[2,2] y)
      <float[5,3] a.weight, float16[5,4] b.weight, float[2,2,6] c.weight, int64[2] shape = {4, 6}, float[6,2] d.weight>
      { at = Transpose(a.weight)  h = MatMul(x, at)  bc = Cast<to = 1>(b.weight)  bi = Identity(bc)  g = MatMul(h, bi)
        r = Relu(g)  cr = Reshape(c.weight, shape)  k = MatMul(r, cr)  dc = Identity(d.weight)  m = MatMul(k, dc)
        s = Constant<value = float[2] {1.0, -2.0}>()  y = Add(m, s) }`,
    groups: ['a 5 channel', 'b 4 channel', 'c 6 channel', 'd 2 channel pinned'],
  },
  {
    title: 'an initializer that two layers share and disagree on',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[4,3,1,1] a.weight, float[4] zeros, float[4,4,1,1] b.weight, float[2,4,1,1] c.weight>
      { h = Conv(x, a.weight, zeros)  r = Relu(h)  k = Conv(r, b.weight, zeros)  s = Relu(k)  y = Conv(s, c.weight) }`,
    groups: ['a 4 channel', 'b 4 channel', 'c 2 channel pinned'],
  },
  {
    title: 'weights made by ConstantOfShape',
    opset: 11,
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <int64[4] shape = {4, 3, 1, 1}, float[2,4,1,1] b.weight, int64[1] four = {4}>
      { w = ConstantOfShape<value = float[1] {0.5}>(shape)  h = Conv(x, w)
        c = ConstantOfShape<value = float[1] {2.0}>(four)  u = Unsqueeze<axes = [1, 2]>(c)  m = Mul(h, u)
        y = Conv(m, b.weight) }`,
    groups: ['Conv → h 4 channel', 'b 2 channel pinned'],
  },
  {
    title: 'sizes that Shape, Gather and Concat compute, with a constant among them',
    graph: `(float[n,3,4,4] x) => (float[n,2] y)
      <float[4,3,1,1] a.weight, float[2,64] b.weight, int64 zero = {0}, int64[1] zeros = {0}, int64[1] rest = {64},
       int64 one = {1}, int64[1] minus = {-1}>
      { h = Conv(x, a.weight)  s = Shape(h)  n = Gather(s, zero)  n1 = Unsqueeze(n, zeros)
        t = Concat<axis = 0>(n1, rest)  f = Reshape(h, t)  y = Gemm<transB = 1>(f, b.weight) }`,
    groups: ['a 4 channel', 'b 2 channel pinned'],
  },
  {
    title: 'products of activations, sums and norms over channels',
    graph: `(float[2,5,6] x) => (float[2,5,5] y, float[2,5,1] z, float[2,5,4] w)
      <float[6,4] a.weight, float[6,4] b.weight, float[6,3] c.weight, float[3,4] d.weight, int64[1] last = {-1}>
      { a = MatMul(x, a.weight)  b = MatMul(x, b.weight)  bt = Transpose<perm = [0, 2, 1]>(b)  y = MatMul(a, bt)
        c = MatMul(x, c.weight)  z = ReduceSum<keepdims = 1>(c, last)
        n = LpNormalization<axis = -1>(c)  w = MatMul(n, d.weight) }`,
    groups: ['a 4 channel', 'c 3 channel', 'd 4 channel pinned'],
  },
  {
    title: 'Einsum',
    graph: `(float[2,5,6] x) => (float[2,5,3] y)
      <float[6,4,2] a.weight, float[4,2,3] b.weight>
      { h = Einsum<equation = "btc,chd->bthd">(x, a.weight)  r = Relu(h)  y = Einsum<equation = "bthd,hdc->btc">(r, b.weight) }`,
    groups: ['a 4 channel', 'a#2 2 channel', 'b 3 channel pinned'],
  },
  {
    title: 'DepthToSpace and SpaceToDepth',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[12,3,1,1] a.weight, float[2,12,1,1] b.weight, float[8,3,1,1] c.weight, float[2,8,1,1] d.weight>
      { h = Conv(x, a.weight)  p = DepthToSpace<blocksize = 2, mode = "CRD">(h)  s = SpaceToDepth<blocksize = 2>(p)
        y = Conv(s, b.weight) }`,
    groups: ['a 3 4 channels that make one', 'b 2 channel pinned'],
  },
  {
    title: 'local response normalization',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[6,3,1,1] a.weight, float[2,6,1,1] b.weight>
      { h = Conv(x, a.weight)  n = LRN<size = 3>(h)  y = Conv(n, b.weight) }`,
    groups: ['a 6 channel~', 'b 2 channel pinned'],
  },
  {
    title: 'operators along the channels: CumSum, Softmax, ArgMax, TopK',
    graph: `(float[1,3,4,4] x) => (float[1,2,4,4] y, int64[1,1,4,4] z, float[1,2,4,4] v, int64[1,2,4,4] i)
      <float[4,3,1,1] a.weight, float[4,4,1,1] b.weight, float[2,4,1,1] c.weight, float[4,3,1,1] d.weight,
       float[4,3,1,1] e.weight, int64 one = {1}, int64[1] two = {2}>
      { h = Conv(x, a.weight)  s = CumSum(h, one)  g = Conv(s, b.weight)  p = Softmax<axis = 1>(g)
        y = Conv(p, c.weight)  d = Conv(x, d.weight)  z = ArgMax<axis = 1>(d)
        e = Conv(x, e.weight)  v, i = TopK<axis = 1>(e, two) }`,
    groups: [
      'a 4 channel pinned',
      'b 4 channel pinned',
      'c 2 channel pinned',
      'd 4 channel pinned',
      'e 4 channel pinned',
    ],
  },
  {
    title: 'a loop that carries its state, and branches that agree',
    graph: `(float[2,3] x, bool b) => (float[2,2] y)
      <float[3,4] a.weight, float[4,4] s.weight, float[4,5] d.weight, float[4,5] e.weight, float[5,2] c.weight,
       int64 trips = {3}, bool always = {1}>
      { h = MatMul(x, a.weight)
        l = Loop<body = inner (int64 i, bool go, float[2,4] state) => (bool on, float[2,4] next)
          { on = Identity(go)  m = MatMul(state, s.weight)  t = Tanh(m)  next = Add(t, h) }>(trips, always, h)
        f = If<then_branch = yes () => (float[2,5] u) { u = MatMul(l, d.weight) },
               else_branch = no () => (float[2,5] w) { w = MatMul(l, e.weight) }>(b)
        r = Relu(f)  y = MatMul(r, c.weight) }`,
    groups: ['a 4 channel', 'd 5 channel', 'c 2 channel pinned'],
  },
];

describe('channel groups of tiny graphs', () => {
  test.each(patterns.map((each) => [each.title, each] as const))('%s', async (_, pattern) => {
    const model = weightedModel(pattern.graph, { opset: pattern.opset });
    expect(inferTypes(model).issues).toEqual([]);
    const analysis = analyzeChannels(model);
    expect(analysis.groups.map(describeGroup)).toEqual(pattern.groups);
    await checkEveryGroup(analysis);
  });
});

describe('reasons', () => {
  const reasonsOf = (graph: string): (string | undefined)[] => {
    const { groups } = analyzeChannels(weightedModel(graph));
    return groups.map((group) => group.reason);
  };

  test('name the output, the input, the unknown operator', () => {
    const reasons = reasonsOf(`(float[1,4,4,4] x) => (float[1,2,4,4] logits)
      <float[4,4,1,1] a.weight, float[4,4,1,1] b.weight, float[2,4,1,1] c.weight>
      { h = Conv(x, a.weight)  s = Add(h, x)  g = Conv(s, b.weight)  f = com.example.Foo(g)
        logits = Conv(g, c.weight) }`);
    expect(reasons).toEqual([
      'its channels enter the model at input `x`',
      'the operator Foo of domain com.example is not known to Coppice',
      'its channels leave the model at output `logits`',
    ]);
  });

  test('the first one stays', () => {
    const reasons = reasonsOf(`(float[1,3,4,4] x) => (float[1,4,4,4] y)
      <float[4,3,1,1] a.weight>
      { h = Conv(x, a.weight)  f = com.example.Foo(h)  y = Relu(h) }`);
    expect(reasons).toEqual(['the operator Foo of domain com.example is not known to Coppice']);
  });
});

describe('refusals', () => {
  const model = weightedModel(`(float[1,3,4,4] x) => (float[1,2,4,4] y)
    <float[4,3,1,1] a.weight, float[2,4,1,1] b.weight>
    { h = Conv(x, a.weight)  y = Conv(h, b.weight) }`);
  const analysis = analyzeChannels(model);
  const cut = (group: string, units: number[]) => () =>
    cutChannels(analysis, new Map([[group, units]]));

  test('say what is wrong and what can be done', () => {
    expect(cut('a', [0, 1, 2, 3])).toThrow('keep one at least');
    expect(cut('a', [4])).toThrow('has units 0 to 3, not 4');
    expect(cut('b', [0])).toThrow('leave the model at output `y`');
    expect(cut('c', [0])).toThrow('no channel group "c"');
  });

  test('nothing cut is the same model, and the original never changes', () => {
    const before = encodeModel(model);
    expect(encodeModel(cutChannels(analysis, new Map()))).toEqual(before);
    cut('a', [1])();
    expect(encodeModel(model)).toEqual(before);
  });
});

function describeGroup({ id, units, unit, pinned, exact }: ChannelAnalysis['groups'][number]) {
  return `${id} ${units} ${unit}${pinned ? ' pinned' : ''}${exact ? '' : '~'}`;
}

async function checkEveryGroup(analysis: ChannelAnalysis): Promise<void> {
  const { model } = analysis;
  const feeds = randomFeeds(model);
  const random = seededRandom(7);
  const free = analysis.groups.filter((group) => !group.pinned);
  const cutsOf = (groups: typeof free) =>
    new Map(
      groups.map((group) => {
        const units = random.shuffle([...Array(group.units).keys()]);
        return [group.id, units.slice(0, Math.ceil((group.units - 1) / 2))] as const;
      }),
    );
  for (const groups of [...free.map((group) => [group]), free]) {
    const cuts = cutsOf(groups);
    const cut = cutChannels(analysis, cuts);
    expect(validateModel(cut)).toEqual([]);
    const { error, effect } = await compareMaskedAndCut(model, analysis, cuts, feeds);
    expect({ cuts, error: error <= 1e-4 }).toEqual({ cuts, error: true });
    if (free.length > 0) expect(effect).toBeGreaterThan(1e-4);
    const counts = new Map([...cuts].map(([id, units]) => [id, units.length]));
    const { macs, params } = inspect(cut, { path: '' }).totals;
    expect(channelCosts(analysis).after(counts)).toMatchObject({ macs, params });
  }
}
