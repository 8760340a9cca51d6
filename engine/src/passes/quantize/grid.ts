/** Affine quantization: `x ≈ scale · (code − zeroPoint)` (ONNX QuantizeLinear, DequantizeLinear). */

import type { QuantizedType } from './quantized-type';

/** The values that the codes of a tensor stand for, for the whole tensor or for each index of an axis. */
export interface Grid {
  readonly type: QuantizedType;
  /** Least and largest code in use: fewer than the type holds where it is symmetric or reduced. */
  readonly min: number;
  readonly max: number;
  readonly scale: Float32Array;
  readonly zeroPoint: Int32Array;
  /** The axis that the scales belong to; absent where one scale serves the whole tensor. */
  readonly axis?: number;
  /**
   * Of a matrix whose outputs `axis` counts: how many inputs in a row share a scale. The scales of an
   * output lie next to each other.
   */
  readonly block?: number;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface GridOptions {
  /** Zero lies in the middle of the codes. */
  readonly symmetric: boolean;
  /** One bit less, for instruction sets whose sums of products saturate. */
  readonly reduced?: boolean;
}

/**
 * The codes in use: all of an asymmetric type, those with an opposite of a symmetric signed one
 * (−127 … 127), and 7 of 8 bits where the range is reduced (0 … 127, −64 … 64), as ONNX Runtime has it.
 */
export function codesOf(type: QuantizedType, { symmetric, reduced }: GridOptions): Range {
  if (reduced) {
    const half = 2 ** (type.bits - 2);
    return type.signed ? { min: -half, max: half } : { min: 0, max: 2 * half - 1 };
  }
  return symmetric && type.signed ? { min: -type.max, max: type.max } : type;
}

/** The grid that covers one range for the whole tensor, or one for each index of `axis`. */
export function gridOf(
  ranges: readonly Range[],
  type: QuantizedType,
  options: GridOptions,
  axis?: number,
): Grid {
  const { min, max } = codesOf(type, options);
  const scale = new Float32Array(ranges.length);
  const zeroPoint = new Int32Array(ranges.length);
  ranges.forEach((range, i) => {
    const fitted = fit(range, { min, max }, options.symmetric);
    scale[i] = fitted.scale;
    zeroPoint[i] = fitted.zeroPoint;
  });
  return { type, min, max, scale, zeroPoint, axis };
}

/** Zero is always on the grid; a range without extent, or too narrow for a float32, gets the scale 1. */
function fit(range: Range, codes: Range, symmetric: boolean): { scale: number; zeroPoint: number } {
  let low = Math.min(range.min, 0);
  let high = Math.max(range.max, 0);
  if (symmetric) {
    high = Math.max(-low, high);
    low = -high;
  }
  const scale = (high - low) / (codes.max - codes.min);
  const middle = roundHalfEven((codes.min + codes.max) / 2);
  if (!(scale >= smallestNormal)) return { scale: 1, zeroPoint: symmetric ? middle : codes.min };
  if (symmetric) return { scale, zeroPoint: middle };
  const zero = roundHalfEven(codes.min - low / scale);
  return { scale, zeroPoint: Math.min(Math.max(zero, codes.min), codes.max) };
}

const smallestNormal = 2 ** -126;

/** To the nearest integer, halves to the even one, as the runtime rounds. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The code of one value under the grid's `index`-th scale. */
export function codeOf(grid: Grid, value: number, index = 0): number {
  const code = roundHalfEven(Math.fround(value / grid.scale[index])) + grid.zeroPoint[index];
  return code < grid.min ? grid.min : code > grid.max ? grid.max : code;
}

/** For each element of a tensor the index of its scale: runs of `block` elements, in turn. */
export function scaleIndices(
  dims: readonly number[],
  axis: number | undefined,
): { readonly block: number; readonly count: number } {
  if (axis === undefined)
    return { block: dims.reduce((product, dim) => product * dim, 1), count: 1 };
  const block = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return { block, count: dims[axis] };
}

/** The index of the scale of each element of a matrix whose outputs have one for each block of inputs. */
export function blockIndex(dims: readonly number[], grid: Grid): (element: number) => number {
  const [rows, columns] = dims;
  const size = grid.block!;
  const perOutput = Math.ceil((grid.axis === 0 ? columns : rows) / size);
  return (element) => {
    const [row, column] = [Math.floor(element / columns), element % columns];
    const [output, input] = grid.axis === 0 ? [row, column] : [column, row];
    return output * perOutput + Math.floor(input / size);
  };
}

/** The codes of a tensor, rounded to the nearest. */
export function encode(values: Float32Array, dims: readonly number[], grid: Grid): Int32Array {
  const codes = new Int32Array(values.length);
  if (grid.block !== undefined) {
    const indexOf = blockIndex(dims, grid);
    return codes.map((_, at) => codeOf(grid, values[at], indexOf(at)));
  }
  const { block, count } = scaleIndices(dims, grid.axis);
  for (let start = 0, i = 0; start < values.length; start += block, i = (i + 1) % count) {
    for (let at = start; at < start + block; at++) codes[at] = codeOf(grid, values[at], i);
  }
  return codes;
}

/** The values that codes stand for. */
export function decode(
  codes: ArrayLike<number>,
  dims: readonly number[],
  grid: Grid,
): Float32Array {
  const values = new Float32Array(codes.length);
  if (grid.block !== undefined) {
    const indexOf = blockIndex(dims, grid);
    return values.map((_, at) => {
      const i = indexOf(at);
      return (codes[at] - grid.zeroPoint[i]) * grid.scale[i];
    });
  }
  const { block, count } = scaleIndices(dims, grid.axis);
  for (let start = 0, i = 0; start < codes.length; start += block, i = (i + 1) % count) {
    const scale = grid.scale[i];
    const zero = grid.zeroPoint[i];
    for (let at = start; at < start + block; at++) values[at] = (codes[at] - zero) * scale;
  }
  return values;
}
