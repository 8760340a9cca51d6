/**
 * Test support: operators in double precision that ONNX Runtime has no double kernels for, so that
 * finite differences tell gradients to nine digits. Slow loops, straight from the definitions.
 */

import { floatAttribute, intAttribute, intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { recurrentReference } from './recurrent-reference';

export interface Doubles {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** Gives the first output, or all. An input that is left out is undefined. */
type Reference = (
  inputs: readonly Doubles[],
  node: Node,
  outputs: readonly (readonly number[])[],
) => Doubles | readonly Doubles[];

const clip = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** Maclaurin's series, good to the last digits for the small values of the tests. */
function erf(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 0; n < 60; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const functions: Readonly<Record<string, (x: number, node: Node) => number>> = {
  HardSigmoid: (x, node) =>
    clip(floatAttribute(node, 'alpha', 0.2) * x + floatAttribute(node, 'beta', 0.5), 0, 1),
  HardSwish: (x) => x * clip(x / 6 + 0.5, 0, 1),
  LeakyRelu: (x, node) => (x > 0 ? x : floatAttribute(node, 'alpha', 0.01) * x),
  Elu: (x, node) => (x > 0 ? x : floatAttribute(node, 'alpha', 1) * Math.expm1(x)),
  Softplus: (x) => Math.log1p(Math.exp(x)),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Erf: erf,
  Gelu: (x) => (x / 2) * (1 + erf(x * Math.SQRT1_2)),
  FastGelu: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  QuickGelu: (x, node) => x / (1 + Math.exp(-floatAttribute(node, 'alpha', 1.702) * x)),
  Abs: Math.abs,
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Sin: Math.sin,
  Cos: Math.cos,
};

/** Calls `visit` with every position in a box. */
function everywhere(dims: readonly number[], visit: (at: number[]) => void): void {
  const at = dims.map(() => 0);
  const count = dims.reduce((product, dim) => product * dim, 1);
  for (let n = 0; n < count; n++) {
    visit(at);
    for (let axis = dims.length - 1; axis >= 0 && ++at[axis] === dims[axis]; axis--) at[axis] = 0;
  }
}

function offset(dims: readonly number[], at: readonly number[]): number {
  return dims.reduce((sum, dim, axis) => sum * dim + at[axis], 0);
}

interface Slide {
  readonly kernel: readonly number[];
  /** The input position that a kernel position meets under an output position; undefined: padding. */
  meet(output: readonly number[], tap: readonly number[]): number[] | undefined;
}

function slideOf(node: Node, kernel: readonly number[], input: readonly number[]): Slide {
  const strides = intsAttribute(node, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1);
  const pads = intsAttribute(node, 'pads') ?? kernel.flatMap(() => [0, 0]);
  return {
    kernel,
    meet: (output, tap) => {
      const at = output.map((each, i) => each * strides[i] + tap[i] * dilations[i] - pads[i]);
      return at.every((each, i) => each >= 0 && each < input[i]) ? at : undefined;
    },
  };
}

/** Calls `visit` with the offsets in X, W and Y of every product of a convolution. */
function products(
  node: Node,
  x: readonly number[],
  w: readonly number[],
  y: readonly number[],
  visit: (x: number, w: number, y: number) => void,
): void {
  const groups = intAttribute(node, 'group', 1);
  const slide = slideOf(node, w.slice(2), x.slice(2));
  everywhere(y, (at) => {
    const [n, k, ...place] = at;
    const group = Math.floor(k / (w[0] / groups));
    everywhere(w.slice(1), ([c, ...tap]) => {
      const met = slide.meet(place, tap);
      if (!met) return;
      visit(offset(x, [n, group * w[1] + c, ...met]), offset(w, [k, c, ...tap]), offset(y, at));
    });
  });
}

function biased(result: Doubles, bias: Doubles | undefined): Doubles {
  if (!bias) return result;
  everywhere(result.dims, (at) => (result.data[offset(result.dims, at)] += bias.data[at[1]]));
  return result;
}

function empty(dims: readonly number[]): Doubles {
  return { dims, data: new Float64Array(dims.reduce((product, dim) => product * dim, 1)) };
}

function pooled(each: (values: readonly number[], taps: number) => number): Reference {
  return ([x], node, [dims]) => {
    const kernel = intsAttribute(node, 'kernel_shape') ?? x.dims.slice(2);
    const slide = slideOf(node, kernel, x.dims.slice(2));
    const result = empty(dims);
    everywhere(dims, (at) => {
      const [n, c, ...place] = at;
      const values: number[] = [];
      everywhere(kernel, (tap) => {
        const met = slide.meet(place, tap);
        if (met) values.push(x.data[offset(x.dims, [n, c, ...met])]);
      });
      const taps = kernel.reduce((product, size) => product * size, 1);
      const counted = intAttribute(node, 'count_include_pad', 0) ? taps : values.length;
      result.data[offset(dims, at)] = each(values, counted);
    });
    return result;
  };
}

/** Elementwise over inputs that broadcast. */
function broadcast(each: (values: readonly number[]) => number): Reference {
  return (inputs, _, [dims]) => {
    const result = empty(dims);
    everywhere(dims, (at) => {
      const values = inputs.map((input) => {
        const own = at.slice(at.length - input.dims.length);
        const place = own.map((index, axis) => (input.dims[axis] === 1 ? 0 : index));
        return input.data[offset(input.dims, place)];
      });
      result.data[offset(dims, at)] = each(values);
    });
    return result;
  };
}

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

export const references: Readonly<Record<string, Reference>> = {
  ...Object.fromEntries(
    Object.entries(functions).map(([op, f]): [string, Reference] => [
      op,
      ([x], node) => ({ dims: x.dims, data: x.data.map((each) => f(each, node)) }),
    ]),
  ),
  Mean: broadcast((values) => sum(values) / values.length),
  PRelu: broadcast(([x, slope]) => (x > 0 ? x : slope * x)),
  Conv: ([x, w, b], node, [dims]) => {
    const y = empty(dims);
    products(node, x.dims, w.dims, dims, (i, j, k) => (y.data[k] += x.data[i] * w.data[j]));
    return biased(y, b);
  },
  ConvTranspose: ([x, w, b], node, [dims]) => {
    const y = empty(dims);
    products(node, dims, w.dims, x.dims, (i, j, k) => (y.data[i] += x.data[k] * w.data[j]));
    return biased(y, b);
  },
  ...Object.fromEntries(['LSTM', 'GRU', 'RNN'].map((op) => [op, recurrentReference])),
  AveragePool: pooled((values, counted) => sum(values) / counted),
  MaxPool: pooled((values) => Math.max(...values)),
  GlobalAveragePool: pooled((values) => sum(values) / values.length),
  GlobalMaxPool: pooled((values) => Math.max(...values)),
  BatchNormalization: ([x, scale, shift], node) => {
    const { dims } = x;
    const result = empty(dims);
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    for (let c = 0; c < dims[1]; c++) {
      const places: number[] = [];
      everywhere(dims, (at) => at[1] === c && places.push(offset(dims, at)));
      const mean = sum(places.map((at) => x.data[at])) / places.length;
      const variance = sum(places.map((at) => (x.data[at] - mean) ** 2)) / places.length;
      for (const at of places) {
        const unit = (x.data[at] - mean) / Math.sqrt(variance + epsilon);
        result.data[at] = unit * scale.data[c] + shift.data[c];
      }
    }
    return result;
  },
};
