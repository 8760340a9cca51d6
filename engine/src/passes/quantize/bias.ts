/** How the bias of a layer is stored: sums of products of bytes are int32, and so is what is added to them. */

import { biasOf, type Blueprint, type QuantizedLayer } from './blueprint';
import { roundHalfEven, type Grid } from './grid';
import { isByte, quantizedType } from './quantized-type';

export interface QuantizedBias {
  readonly grid: Grid;
  readonly codes: Int32Array;
}

/** The type of the codes is int32; only what a grid needs of it is said. */
const int32 = { ...quantizedType('int8'), name: 'int32', storage: 'int32' as const };
const most = 2 ** 31 - 1;

/** Steps of what the layer reads times steps of its weight; undefined where the bias stays a float. */
export function quantizedBias(
  layer: QuantizedLayer,
  { profile, grids }: Blueprint,
): QuantizedBias | undefined {
  const bias = biasOf(layer);
  const input = grids.get(layer.site.input);
  const weight = layer.weight.grid;
  if (!bias || !input || profile.biases !== 'int32') return undefined;
  if (!isByte(input.type) || !isByte(weight.type)) return undefined;
  const grid = gridOf(input, weight, bias.length);
  const codes = Int32Array.from(bias, (each, i) => {
    const steps = roundHalfEven(each / grid.scale[i % grid.scale.length]);
    return Math.min(Math.max(steps, -most - 1), most);
  });
  return { grid, codes };
}

/** A scale for each channel where the weight has that; those of a grouped ConvTranspose repeat. */
function gridOf(input: Grid, weight: Grid, channels: number): Grid {
  const isShared = weight.scale.length === 1;
  const scale = Float32Array.from({ length: isShared ? 1 : channels }, (_, i) =>
    Math.fround(input.scale[0] * weight.scale[i % weight.scale.length]),
  );
  return {
    type: int32,
    min: -most - 1,
    max: most,
    scale,
    zeroPoint: new Int32Array(scale.length),
    axis: isShared ? undefined : 0,
  };
}
