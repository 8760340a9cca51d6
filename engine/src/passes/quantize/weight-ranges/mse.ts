/**
 * The range of least squared error of the weights, min Σ (w − Q(w))², over shrunken copies of the
 * whole range: with few bits a finer step for all is worth more than the outermost weights (R. Banner
 * et al., Post training 4-bit quantization, NeurIPS 2019; the search of OMSE, Y. Choukroun et al. 2019).
 */

import { gridOf, type GridOptions, type Range } from '../grid';
import type { QuantizedType } from '../quantized-type';
import { extent, type WeightRange } from './weight-range';

export const mse: WeightRange = {
  id: 'mse',
  title: 'Least squared error',
  doc: 'Clips the largest weights where the finer steps for all others outweigh it.',
  range: (values, type, options) => {
    const whole = extent(values);
    const errorOf = (share: number): number =>
      squaredError(values, scaled(whole, share), type, options);
    let best = 1;
    let least = errorOf(best);
    const attempt = (share: number): void => {
      const error = errorOf(share);
      if (error < least) [best, least] = [share, error];
    };
    for (let twentieths = 19; twentieths >= 4; twentieths--) attempt(twentieths / 20);
    const coarse = best;
    for (const offset of [-0.04, -0.03, -0.02, -0.01, 0.01, 0.02, 0.03, 0.04]) {
      if (coarse + offset < 1) attempt(coarse + offset);
    }
    return scaled(whole, best);
  },
};

function scaled({ min, max }: Range, share: number): Range {
  return { min: min * share, max: max * share };
}

/** Σ (w − Q(w))² under the grid of a range. */
export function squaredError(
  values: Float32Array,
  range: Range,
  type: QuantizedType,
  options: GridOptions,
): number {
  const grid = gridOf([range], type, options);
  const scale = grid.scale[0];
  const [least, most] = [grid.min - grid.zeroPoint[0], grid.max - grid.zeroPoint[0]];
  let sum = 0;
  for (const value of values) {
    const nearest = Math.round(value / scale);
    const code = nearest < least ? least : nearest > most ? most : nearest;
    const error = value - code * scale;
    sum += error * error;
  }
  return sum;
}
