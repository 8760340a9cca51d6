/** Test support: a layer of random weights that reads correlated values, ready to be rounded. */

import { makeNode } from '../../../simplify/make-node';
import { makeTensor } from '../../../../ir/tensor';
import { seededRandom } from '../../../../linalg/random';
import type { QuantizedLayer } from '../../blueprint';
import { quantizedType } from '../../quantized-type';
import { quantizeWeight } from '../../weights';
import { productOf } from '../product';
import type { RoundingTask } from '../rounding/method';

export interface TinyLayer {
  readonly groups?: number;
  /** Of all groups, and of one. */
  readonly outputs: number;
  readonly features: number;
  readonly type: string;
  readonly seed: number;
  readonly rows?: number;
  readonly bounds?: RoundingTask['bounds'];
  readonly isShiftable?: boolean;
}

/** A 1 × 1 convolution. What it reads is not quite what the float layer read. */
export function tinyTask({
  groups = 1,
  outputs,
  features,
  type,
  seed,
  rows = 200,
  bounds = { lower: -Infinity, upper: Infinity },
  isShiftable = true,
}: TinyLayer): RoundingTask & { readonly layer: QuantizedLayer } {
  const random = seededRandom(seed);
  const values = Float32Array.from({ length: outputs * features }, random.normal);
  const bias = Float32Array.from({ length: outputs }, random.normal);
  const node = makeNode('Conv', 'layer', ['x', 'w', 'b'], ['y'], { group: groups });
  const site = {
    name: 'layer',
    node,
    input: 'x',
    output: 'y',
    weight: makeTensor('w', 'float', [outputs, features, 1, 1], values),
    axis: 0,
    bias: makeTensor('b', 'float', [outputs], bias),
  };
  const weight = quantizeWeight(site, {
    type: quantizedType(type),
    symmetric: true,
    perChannel: true,
  });
  const layer = { site, weight };
  const product = productOf(layer);
  const perGroup = outputs / groups;
  const reads = new Float32Array(groups * rows * features);
  const target = new Float32Array(groups * rows * perGroup);
  for (let group = 0; group < groups; group++) {
    for (let row = 0; row < rows; row++) {
      const common = random.normal() + 1;
      const first = (group * rows + row) * features;
      const float = Array.from({ length: features }, () => common + random.normal());
      float.forEach((value, j) => (reads[first + j] = value + 0.1 * random.normal()));
      for (let o = 0; o < perGroup; o++) {
        const output = group * perGroup + o;
        target[(group * rows + row) * perGroup + o] = float.reduce(
          (sum, value, j) => sum + value * values[output * features + j],
          bias[output],
        );
      }
    }
  }
  return {
    layer,
    product,
    patches: { layout: product.layout, rows, reads, target },
    bounds,
    isShiftable,
  };
}

/** Σ (f(w̃·x + b) − f(y))² of each output, in double precision. */
export function errorsOf(
  { product, patches, bounds }: RoundingTask,
  weights: (at: number) => number,
  bias: ArrayLike<number> | undefined = product.bias,
): number[] {
  const { groups, outputs, features } = product;
  const { rows, reads, target } = patches;
  const clip = (value: number): number => Math.min(Math.max(value, bounds.lower), bounds.upper);
  return Array.from({ length: groups * outputs }, (_, output) => {
    const group = Math.floor(output / outputs);
    let error = 0;
    for (let row = 0; row < rows; row++) {
      let given = bias?.[output] ?? 0;
      for (let j = 0; j < features; j++) {
        given += weights(output * features + j) * reads[(group * rows + row) * features + j];
      }
      const wanted = target[(group * rows + row) * outputs + (output % outputs)];
      error += (clip(given) - clip(wanted)) ** 2;
    }
    return error;
  });
}

export function valueOf({ product }: RoundingTask, codes: Int32Array): (at: number) => number {
  return (at) => product.offset[at] + product.step[at] * codes[at];
}
