/** GridSample and AffineGrid: sampling at computed positions, in two or three dimensions. */

import type { Op } from './op';
import { elementwiseCost, integersOf } from './rules';

/** Input [N, C, …], grid [N, …sizes, dimensions] → [N, C, …sizes]. */
export const gridSample: Op = {
  type: 'GridSample',
  shape: ({ inputs: [input, grid] }) => {
    const dtype = input?.dtype;
    if (!input?.shape || !grid?.shape) return [{ dtype }];
    return [{ dtype, shape: [input.shape[0], input.shape[1], ...grid.shape.slice(1, -1)] }];
  },
  cost: elementwiseCost,
};

/** Theta [N, d, d + 1] and size [N, C, …sizes] → [N, …sizes, d]. */
export const affineGrid: Op = {
  type: 'AffineGrid',
  shape: (context) => {
    const dtype = context.inputs[0]?.dtype;
    const size = integersOf(context, 1);
    if (!size) return [{ dtype }];
    return [{ dtype, shape: [size[0], ...size.slice(2), size.length - 2] }];
  },
  cost: elementwiseCost,
};
