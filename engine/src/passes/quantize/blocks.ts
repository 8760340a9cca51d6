/** Weights of a matrix with a scale for each block of inputs of an output, rounded to the nearest. */

import { dimsOf, floats } from '../../ir/tensor';
import type { QuantizedWeight } from './blueprint';
import { encode, gridOf, type Range } from './grid';
import type { LayerSite } from './placement';
import type { QuantizedType } from './quantized-type';
import type { WeightRange } from './weight-ranges/weight-range';

/**
 * Signed types are symmetric, unsigned ones have a zero point for each block.
 *
 * @param size of a block; the last one of an output may be shorter.
 */
export function quantizeBlocks(
  { weight, axis }: LayerSite,
  size: number,
  type: QuantizedType,
  range: WeightRange,
): QuantizedWeight {
  const dims = dimsOf(weight);
  const values = floats(weight);
  const options = { symmetric: type.signed };
  const ranges: Range[] = [];
  for (const row of outputRows(values, dims, axis)) {
    for (let from = 0; from < row.length; from += size) {
      ranges.push(range.range(row.subarray(from, from + size), type, options));
    }
  }
  const grid = { ...gridOf(ranges, type, options, axis), block: size };
  return { grid, codes: encode(values, dims, grid) };
}

/** What each output of a matrix is multiplied with, whichever axis counts the outputs. */
export function outputRows<T extends Float32Array | Int32Array>(
  values: T,
  [rows, columns]: readonly number[],
  axis: number,
): T[] {
  if (axis === 0) {
    return Array.from({ length: rows }, (_, o) =>
      values.subarray(o * columns, (o + 1) * columns),
    ) as T[];
  }
  return Array.from({ length: columns }, (_, o) => {
    const column = values.slice(0, rows) as T;
    for (let i = 0; i < rows; i++) column[i] = values[i * columns + o];
    return column;
  });
}
