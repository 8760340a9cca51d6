/** The contract of a choice of range for weights. `index.ts` lists all. */

import type { GridOptions, Range } from '../grid';
import type { QuantizedType } from '../quantized-type';

export interface WeightRange {
  readonly id: string;
  readonly title: string;
  /** A sentence or two for the reference page. */
  readonly doc: string;
  /** The range for weights that share one scale. */
  range(values: Float32Array, type: QuantizedType, options: GridOptions): Range;
}

/** Smallest and largest value; Infinity and −Infinity where there is none. */
export function extent(values: Float32Array): Range {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
