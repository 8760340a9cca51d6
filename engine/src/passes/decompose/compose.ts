/** What a chain of linear layers does as one layer, and how far that is from another one. */

import { addProduct, matrix, multiply, type Matrix } from '../../linalg/matrix';
import { weightsOf } from './geometry';
import type { InputMoments, Kernel, KernelShape } from './method';

/** A kernel in double precision, possibly still with fewer groups than it could have. */
interface Part {
  readonly shape: Pick<KernelShape, 'outputs' | 'inputs' | 'groups' | 'kernel'>;
  readonly data: Float64Array;
}

/**
 * The weights of the one layer that a chain amounts to, in the order of its kernel's. On each axis
 * one factor alone may span more than one position, which is how every method lays its factors.
 *
 * @param shape of the layer that was decomposed.
 */
export function composeChain(factors: readonly Kernel[], shape: KernelShape): Float64Array {
  const parts = factors.map(({ shape: of, data }): Part => ({
    shape: of,
    data: Float64Array.from(data),
  }));
  return regrouped(parts.reduce(follow), shape.groups).data;
}

/** `second` behind `first`: a product over the channels between them for every pair of taps. */
function follow(first: Part, second: Part): Part {
  const [a, b] = [first.shape, second.shape];
  if (a.groups > 1 && b.groups > 1 && a.groups !== b.groups) {
    return follow(regrouped(first, 1), second);
  }
  const groups = a.groups === b.groups ? a.groups : 1;
  const kernel = a.kernel.map((extent, axis) => extent + b.kernel[axis] - 1);
  const result = emptyPart({ outputs: b.outputs, inputs: a.inputs, groups, kernel });
  const slices = Math.max(a.groups, b.groups);
  const middle = a.outputs / slices;
  for (const from of positions(a.kernel)) {
    for (const to of positions(b.kernel)) {
      const at = from.map((position, axis) => position + to[axis]);
      for (let slice = 0; slice < slices; slice++) {
        const between: Range = [slice * middle, middle];
        const given = b.groups === slices ? share(b.outputs, slice, slices) : whole(b.outputs);
        const read = a.groups === slices ? share(a.inputs, slice, slices) : whole(a.inputs);
        addProduct(
          block(result, given, read, at),
          block(second, given, between, to),
          block(first, between, read, from),
        );
      }
    }
  }
  return result;
}

type Range = readonly [from: number, count: number];

const whole = (count: number): Range => [0, count];
const share = (count: number, slice: number, slices: number): Range => [
  (slice * count) / slices,
  count / slices,
];

function emptyPart(shape: Part['shape']): Part {
  return { shape, data: new Float64Array(cells(shape)) };
}

function cells({ outputs, inputs, groups, kernel }: Part['shape']): number {
  return kernel.reduce((product, extent) => product * extent, (outputs * inputs) / groups);
}

/** One tap as a matrix of some outputs × some inputs, both counted over all groups. */
function block({ shape, data }: Part, outputs: Range, inputs: Range, at: number[]): Matrix {
  const { groups, kernel } = shape;
  const taps = kernel.reduce((product, extent) => product * extent, 1);
  const perGroup = shape.inputs / groups;
  const tap = at.reduce((index, position, axis) => index * kernel[axis] + position, 0);
  return {
    rows: outputs[1],
    columns: inputs[1],
    data,
    offset: (outputs[0] * perGroup + (inputs[0] % perGroup)) * taps + tap,
    rowStride: perGroup * taps,
    columnStride: taps,
  };
}

/** Every position of a window, row-major; one, without axes, for a dense layer. */
function positions(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (all, extent) => all.flatMap((each) => Array.from({ length: extent }, (_, i) => [...each, i])),
    [[]],
  );
}

/** The same map with its zeros left out, or written out where `groups` is 1. */
function regrouped(part: Part, groups: number): Part {
  const { shape } = part;
  if (shape.groups === groups) return part;
  const result = emptyPart({ ...shape, groups });
  const slices = Math.max(groups, shape.groups);
  for (let slice = 0; slice < slices; slice++) {
    const outputs = share(shape.outputs, slice, slices);
    const inputs = share(shape.inputs, slice, slices);
    for (const at of positions(shape.kernel)) {
      copy(block(result, outputs, inputs, at), block(part, outputs, inputs, at));
    }
  }
  return result;
}

function copy(target: Matrix, source: Matrix): void {
  for (let r = 0; r < source.rows; r++) {
    for (let c = 0; c < source.columns; c++) {
      target.data[target.offset + r * target.rowStride + c * target.columnStride] =
        source.data[source.offset + r * source.rowStride + c * source.columnStride];
    }
  }
}

/**
 * The squared error of `approximation` relative to the energy of `kernel`: of the layer's output over
 * the patches behind `moments`, or of the weights where there are none. 0 where both are zero.
 */
export function relativeError(
  { shape, data }: Kernel,
  approximation: Float64Array,
  moments?: InputMoments,
): number {
  const difference = approximation.map((each, i) => data[i] - each);
  const wanted = energy(Float64Array.from(data), shape, moments);
  const lost = energy(difference, shape, moments);
  return lost === 0 ? 0 : lost / wanted;
}

/** ‖W‖², or Σ ‖W·x‖² over patches x as the trace of W·G·Wᵀ. */
function energy(weights: Float64Array, shape: KernelShape, moments?: InputMoments): number {
  if (!moments) return dot(weights, weights);
  const { groups, outputs } = shape;
  const rows = outputs / groups;
  const features = weightsOf(shape) / outputs;
  return moments.gram.reduce((sum, gram, group) => {
    const at = group * rows * features;
    const own = weights.subarray(at, at + rows * features);
    const product = multiply(matrix(rows, features, own), matrix(features, features, gram));
    return sum + dot(product.data, own);
  }, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
