/** The grids of weights, and their codes by rounding to the nearest. */

import { dimsOf, floats } from '../../ir/tensor';
import { encode, gridOf, scaleIndices, type Grid, type GridOptions, type Range } from './grid';
import type { LayerSite } from './placement';
import type { QuantizedType } from './quantized-type';
import type { QuantizedWeight } from './blueprint';
import { minmax } from './weight-ranges/minmax';
import { extent, type WeightRange } from './weight-ranges/weight-range';

export interface WeightOptions extends GridOptions {
  readonly type: QuantizedType;
  readonly perChannel: boolean;
  /** The whole range by default. */
  readonly range?: WeightRange;
  /** Grid of what the layer reads: its scale and the weight's make that of an int32 bias. */
  readonly input?: Grid;
}

export function quantizeWeight(site: LayerSite, options: WeightOptions): QuantizedWeight {
  const dims = dimsOf(site.weight);
  const values = floats(site.weight);
  const axis = options.perChannel ? site.axis : undefined;
  const { type, range = minmax, input } = options;
  const ranges = slices(values, dims, axis).map((slice) => range.range(slice, type, options));
  const grid = gridOf(ranges, type, options, axis);
  const roomy = site.bias && input ? withRoomForBias(grid, floats(site.bias), input) : grid;
  return { grid: roomy, codes: encode(values, dims, roomy) };
}

/** Smallest and largest value, of all or for each index of an axis. */
export function extremes(
  values: Float32Array,
  dims: readonly number[],
  axis: number | undefined,
): Range[] {
  return slices(values, dims, axis).map(extent);
}

/** The values that share a scale: all of them, or those of each index of `axis`. */
function slices(
  values: Float32Array,
  dims: readonly number[],
  axis: number | undefined,
): Float32Array[] {
  const { block, count } = scaleIndices(dims, axis);
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => {
    if (size === block) return values.subarray(i * block, (i + 1) * block);
    const slice = new Float32Array(size);
    for (let at = 0; at < size; at += block) {
      const start = at * count + i * block;
      slice.set(values.subarray(start, start + block), at);
    }
    return slice;
  });
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
