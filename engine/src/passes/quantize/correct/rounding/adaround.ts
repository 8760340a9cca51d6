/**
 * AdaRound: whether each weight is rounded up or down is learned, so that the layer's output behind
 * its activation comes nearest to the float layer's. With h(v) = clip(1.2·σ(v) − 0.1, 0, 1) a weight
 * is step·(⌊w / step⌋ + h(v)); what is made small, by Adam, is
 *
 *   E‖f(W̃·x) − f(y)‖² + λ·Σ (1 − |2·h(v) − 1|^β),
 *
 * where β falls from 20 to 2, so that in the end every h is 0 or 1. Nagel et al., "Up or Down?
 * Adaptive Rounding for Post-Training Quantization", ICML 2020 (arXiv 2004.10568).
 *
 * The steps run in the runtime, as the body of a Loop: one of some 40 small operators in single
 * precision takes far less time there than its products alone would take here.
 */

import { seededRandom, type Random } from '../../../../linalg/random';
import { parseModel } from '../../../../onnx/text/parse';
import { openModel } from '../../../../runtime/open-model';
import type { Feeds, NamedTensor } from '../../../../runtime/runtime';
import type { LayerProduct } from '../product';
import { outputErrors } from './output-errors';
import type { RoundingMethod, RoundingTask } from './method';

const settings = {
  iterations: 1000,
  /** Rows of patches in one step. */
  batch: 256,
  rate: 0.01,
  /**
   * λ, of the regularizer, times the error that rounding to the nearest makes for each weight. Absent
   * during the first `warmUp` of the iterations.
   */
  weight: 10,
  warmUp: 0.2,
  sharpness: { first: 20, last: 2 },
  /** Of Adam's running averages. */
  decay: { first: 0.9, second: 0.999 },
  /** h(v) = clip(span·σ(v) − below, 0, 1). */
  span: 1.2,
  below: 0.1,
};

/** Iterations in one run, between which the work can be cancelled. */
const chunk = 250;

export const adaround: RoundingMethod = {
  id: 'adaround',
  title: 'AdaRound',
  doc: 'Learns for every weight whether it is rounded up or down, so that what the layer gives behind its activation comes nearest to what the float layer gives.',
  round: async (task, { runtime, signal, seed }) => {
    const { product } = task;
    const start = startOf(product);
    const fixed = fixedFeeds(task, start);
    const before = await outputErrors(task, product.codes, runtime, signal);
    const weight = (settings.weight * sum(before)) / (task.patches.rows * product.codes.length);
    const random = seededRandom(seed);
    let state: Feeds = stateOf(start.v, dimsOf(product));
    const session = await openModel(runtime, steps, { label: 'AdaRound' });
    try {
      for (let done = 0; done < settings.iterations; done += chunk) {
        const count = Math.min(chunk, settings.iterations - done);
        const drawn = drawnFeeds(done, count, task.patches.rows, weight, random);
        const { v, first, second } = await session.run(
          { ...fixed, ...state, ...drawn },
          undefined,
          signal,
        );
        state = { v0: v, first0: first, second0: second };
      }
    } finally {
      await session.close();
    }
    const learned = state.v0.data as Float32Array;
    const codes = Int32Array.from(start.floor, (floor, i) => {
      return start.reach[i] === 0 || learned[i] < 0 ? floor : floor + 1;
    });
    const after = await outputErrors(task, codes, runtime, signal);
    const { features } = product;
    const isBetter = after.map((error, output) => Number(error < before[output]));
    return {
      codes: codes.map((code, at) =>
        isBetter[Math.floor(at / features)] ? code : product.codes[at],
      ),
    };
  },
};

function sum(values: Float32Array): number {
  return values.reduce((all, each) => all + each, 0);
}

interface Start {
  /** The lower of the two codes, as far as the type holds it. */
  readonly floor: Int32Array;
  /** What the lower code stands for, and how far the upper one lies above it: 0 where there is none. */
  readonly base: Float32Array;
  readonly reach: Float32Array;
  /** h(v) is the fraction at first. */
  readonly v: Float32Array;
}

function startOf({ weight, step, offset, min, max }: LayerProduct): Start {
  const floor = new Int32Array(weight.length);
  const base = new Float32Array(weight.length);
  const reach = new Float32Array(weight.length);
  const v = new Float32Array(weight.length);
  weight.forEach((value, i) => {
    const wanted = (value - offset[i]) / step[i];
    const lower = Math.floor(wanted);
    floor[i] = Math.min(Math.max(lower, min), max);
    base[i] = offset[i] + step[i] * floor[i];
    reach[i] = lower >= min && lower < max ? step[i] : 0;
    v[i] = -Math.log(settings.span / (wanted - lower + settings.below) - 1);
  });
  return { floor, base, reach, v };
}

function dimsOf({ groups, outputs, features }: LayerProduct): number[] {
  return [groups, outputs, features];
}

function stateOf(v: Float32Array, dims: readonly number[]): Feeds {
  const zeros = new Float32Array(v.length);
  return { v0: tensor(v, dims), first0: tensor(zeros, dims), second0: tensor(zeros, dims) };
}

function fixedFeeds({ product, patches, bounds }: RoundingTask, { base, reach }: Start): Feeds {
  const { groups, outputs, features, bias } = product;
  const { rows, reads, target } = patches;
  return {
    reads: tensor(reads, [groups, rows, features]),
    target: tensor(target, [groups, rows, outputs]),
    base: tensor(base, dimsOf(product)),
    reach: tensor(reach, dimsOf(product)),
    bias: tensor(bias ?? new Float32Array(groups * outputs), [groups, 1, outputs]),
    lower: tensor([bounds.lower], []),
    upper: tensor([bounds.upper], []),
  };
}

/** The rows of each step, and its rate, λ and β. */
function drawnFeeds(
  done: number,
  count: number,
  rows: number,
  weight: number,
  random: Random,
): Feeds {
  const { batch, decay, iterations, warmUp, sharpness } = settings;
  const drawn = BigInt64Array.from({ length: count * batch }, () => BigInt(random.integer(rows)));
  const schedule = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) {
    const step = done + i + 1;
    // Adam's averages start at zero; the rate makes good that they are short at first.
    const short = Math.sqrt(1 - decay.second ** step) / (1 - decay.first ** step);
    const past = Math.max(0, step / iterations - warmUp) / (1 - warmUp);
    const { first, last } = sharpness;
    schedule[3 * i] = settings.rate * short;
    schedule[3 * i + 1] = past > 0 ? weight : 0;
    schedule[3 * i + 2] = last + ((first - last) * (1 + Math.cos(past * Math.PI))) / 2;
  }
  return {
    count: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(count)) },
    drawn: { type: 'int64', dims: [count, batch], data: drawn },
    schedule: tensor(schedule, [count, 3]),
  };
}

function tensor(values: ArrayLike<number>, dims: readonly number[]): NamedTensor {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return { type: 'float', dims, data };
}

/** Weights are groups × outputs × features throughout; r, of a step, is the residual. */
const steps = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
adaround (
  int64 count, int64[N,B] drawn, float[N,3] schedule,
  float[G,R,F] reads, float[G,R,M] target, float[G,1,M] bias, float lower, float upper,
  float[G,M,F] base, float[G,M,F] reach, float[G,M,F] v0, float[G,M,F] first0, float[G,M,F] second0
) => (float[G,M,F] v, float[G,M,F] first, float[G,M,F] second)
<
  float zero = {0}, float one = {1}, float two = {2}, float tiny = {1e-8},
  float span = {${settings.span}}, float below = {${settings.below}},
  float decay1 = {${settings.decay.first}}, float rest1 = {${1 - settings.decay.first}},
  float decay2 = {${settings.decay.second}}, float rest2 = {${1 - settings.decay.second}},
  float share = {${2 / settings.batch}}
>
{
  v, first, second = Loop <body = step (
    int64 i, bool go, float[G,M,F] v_in, float[G,M,F] first_in, float[G,M,F] second_in
  ) => (bool go_on, float[G,M,F] v_out, float[G,M,F] first_out, float[G,M,F] second_out)
  {
    go_on = Identity(go)
    rows = Gather(drawn, i)
    x = Gather<axis = 1>(reads, rows)
    y_raw = Gather<axis = 1>(target, rows)
    y = Clip(y_raw, lower, upper)
    now = Gather(schedule, i)
    rate, lambda, beta = Split<axis = 0>(now)

    sigma = Sigmoid(v_in)
    wide = Mul(sigma, span)
    stretched = Sub(wide, below)
    h = Clip(stretched, zero, one)
    up = Mul(reach, h)
    w = Add(base, up)
    wt = Transpose<perm = [0, 2, 1]>(w)
    product = MatMul(x, wt)
    z = Add(product, bias)
    a = Clip(z, lower, upper)
    r = Sub(a, y)
    is_clipped = Equal(a, z)
    passed = Cast<to = 1>(is_clipped)
    rz = Mul(r, passed)
    rt = Transpose<perm = [0, 2, 1]>(rz)
    rx = MatMul(rt, x)
    per_row = Mul(rx, share)
    by_h = Mul(per_row, reach)

    doubled = Mul(h, two)
    t = Sub(doubled, one)
    size = Abs(t)
    power = Sub(beta, one)
    sharp = Pow(size, power)
    side = Sign(t)
    signed = Mul(sharp, side)
    scale_half = Mul(lambda, beta)
    scale = Mul(scale_half, two)
    pull = Mul(signed, scale)
    slope = Sub(by_h, pull)

    is_inside = Equal(h, stretched)
    inside = Cast<to = 1>(is_inside)
    rest = Sub(one, sigma)
    bell = Mul(wide, rest)
    dh = Mul(bell, inside)
    g = Mul(slope, dh)

    kept1 = Mul(first_in, decay1)
    new1 = Mul(g, rest1)
    first_out = Add(kept1, new1)
    square = Mul(g, g)
    kept2 = Mul(second_in, decay2)
    new2 = Mul(square, rest2)
    second_out = Add(kept2, new2)
    root = Sqrt(second_out)
    divisor = Add(root, tiny)
    direction = Div(first_out, divisor)
    move = Mul(direction, rate)
    v_out = Sub(v_in, move)
  }> (count, , v0, first0, second0)
}`).model;
