/** A quantized layer as matrix products, group by group: what methods of rounding work on. */

import { dimsOf, floats } from '../../../ir/tensor';
import type { WeightLayout } from '../../recovery/weight-layout';
import { weightLayout } from '../../recovery/weight-layout';
import { biasOf, type QuantizedLayer } from '../blueprint';
import { decode } from '../grid';

/**
 * Weights are outputs × features, the outputs of one group behind those of another. A code stands for
 * `offset + step · code`, whatever shares a scale with what.
 */
export interface LayerProduct {
  readonly layout: WeightLayout;
  readonly groups: number;
  /** Of one group. */
  readonly outputs: number;
  readonly features: number;
  readonly weight: Float32Array;
  readonly step: Float32Array;
  readonly offset: Float32Array;
  /** Least and largest code. */
  readonly min: number;
  readonly max: number;
  /** Codes at hand, by rounding to the nearest. */
  readonly codes: Int32Array;
  readonly bias: Float32Array | undefined;
}

/** The layer must be one that `weightLayout` knows. */
export function productOf(layer: QuantizedLayer): LayerProduct {
  const { site, weight } = layer;
  const { grid, codes } = weight;
  const dims = dimsOf(site.weight);
  const layout = weightLayout(site.node, dims)!;
  const features = layout.channels * layout.taps;
  const order = orderOf(layout, features);
  const ones = new Int8Array(codes.length).fill(1);
  const centred = { ...grid, zeroPoint: new Int32Array(grid.zeroPoint.length) };
  const gather = (values: Float32Array): Float32Array =>
    Float32Array.from(order, (at) => values[at]);
  return {
    layout,
    groups: layout.groups,
    outputs: layout.outputs / layout.groups,
    features,
    weight: gather(floats(site.weight)),
    step: gather(decode(ones, dims, centred)),
    offset: gather(decode(new Int8Array(codes.length), dims, grid)),
    min: grid.min,
    max: grid.max,
    codes: Int32Array.from(order, (at) => codes[at]),
    bias: biasOf(layer),
  };
}

/** The layer with other codes, given in the order of its product. */
export function withCodes(
  layer: QuantizedLayer,
  { layout, features }: LayerProduct,
  rounded: Int32Array,
): QuantizedLayer {
  const codes = new Int32Array(rounded.length);
  orderOf(layout, features).forEach((at, i) => (codes[at] = rounded[i]));
  return { ...layer, weight: { ...layer.weight, codes } };
}

/** Where in the tensor the elements of outputs × features lie. */
function orderOf({ outputs, at }: WeightLayout, features: number): Int32Array {
  const order = new Int32Array(outputs * features);
  for (let output = 0, i = 0; output < outputs; output++) {
    for (let feature = 0; feature < features; feature++) order[i++] = at(output, feature);
  }
  return order;
}
