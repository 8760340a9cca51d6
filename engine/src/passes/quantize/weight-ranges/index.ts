/** All choices of a range for weights. */

import type { QuantizedType } from '../quantized-type';
import { minmax } from './minmax';
import { mse } from './mse';
import type { WeightRange } from './weight-range';

export const weightRanges: readonly WeightRange[] = [minmax, mse];

/** What `auto` stands for: few bits gain from clipping, eight do not. */
export function weightRangeFor(id: string, { bits }: QuantizedType): WeightRange {
  if (id === 'auto') return bits > 4 ? minmax : mse;
  return weightRanges.find((each) => each.id === id)!;
}
