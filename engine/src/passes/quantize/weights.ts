/** The grids of weights, and their codes by rounding to the nearest. */

import { dimsOf, floats } from '../../ir/tensor';
import { encode, gridOf, scaleIndices, type Grid, type GridOptions, type Range } from './grid';
import type { LayerSite } from './placement';
import type { QuantizedType } from './quantized-type';
import type { QuantizedWeight } from './blueprint';

export interface WeightOptions extends GridOptions {
  readonly type: QuantizedType;
  readonly perChannel: boolean;
  /** Grid of what the layer reads: its scale and the weight's make that of an int32 bias. */
  readonly input?: Grid;
}

export function quantizeWeight(
  site: LayerSite,
  options: WeightOptions,
  rangesOf: typeof extremes = extremes,
): QuantizedWeight {
  const dims = dimsOf(site.weight);
  const values = floats(site.weight);
  const axis = options.perChannel ? site.axis : undefined;
  const { type, input } = options;
  const grid = gridOf(rangesOf(values, dims, axis), type, options, axis);
  const roomy = site.bias && input ? withRoomForBias(grid, floats(site.bias), input) : grid;
  return { grid: roomy, codes: encode(values, dims, roomy) };
}

/** Smallest and largest value, of all or for each index of an axis. */
export function extremes(
  values: Float32Array,
  dims: readonly number[],
  axis: number | undefined,
): Range[] {
  const { block, count } = scaleIndices(dims, axis);
  const ranges = Array.from({ length: count }, () => ({ min: Infinity, max: -Infinity }));
  for (let start = 0, i = 0; start < values.length; start += block, i = (i + 1) % count) {
    const range = ranges[i];
    for (let at = start; at < start + block; at++) {
      if (values[at] < range.min) range.min = values[at];
      if (values[at] > range.max) range.max = values[at];
    }
  }
  return ranges;
}

/** An int32 bias counts steps of both scales; where it would not fit, the weight's scale grows. */
function withRoomForBias(grid: Grid, bias: Float32Array, input: Grid): Grid {
  const most = 2 ** 31 - 1;
  const shared = grid.scale.length === 1;
  const scale = grid.scale.slice();
  bias.forEach((each, i) => {
    const at = shared ? 0 : i % scale.length;
    const least = (Math.abs(each) / most / input.scale[0]) * (1 + 1e-6);
    if (scale[at] < least) scale[at] = least;
  });
  return { ...grid, scale };
}
