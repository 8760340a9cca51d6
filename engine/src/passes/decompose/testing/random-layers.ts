/** Test support: layers of any shape with random weights, and what they might read. */

import fc from 'fast-check';
import { gramOf, matrix } from '../../../linalg/matrix';
import { seededRandom } from '../../../linalg/random';
import { featuresOf } from '../algebra/groups';
import { weightsOf } from '../geometry';
import type { InputMoments, Kernel, KernelShape } from '../method';

/** Convolutions of one to three axes with every attribute; a few channels and groups. */
export const anyShape: fc.Arbitrary<KernelShape> = fc
  .record({
    groups: fc.constantFrom(1, 1, 2, 3),
    outputs: fc.integer({ min: 1, max: 5 }),
    inputs: fc.integer({ min: 1, max: 5 }),
    axes: fc.array(
      fc.record({
        extent: fc.constantFrom(1, 2, 3, 3, 5),
        stride: fc.integer({ min: 1, max: 3 }),
        dilation: fc.integer({ min: 1, max: 2 }),
        begin: fc.integer({ min: 0, max: 2 }),
        end: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ groups, outputs, inputs, axes }) => ({
    outputs: outputs * groups,
    inputs: inputs * groups,
    groups,
    kernel: axes.map((each) => each.extent),
    strides: axes.map((each) => each.stride),
    dilations: axes.map((each) => each.dilation),
    pads: [...axes.map((each) => each.begin), ...axes.map((each) => each.end)],
  }));

/** A plain layer: stride and dilation one, no padding. */
export function plainShape(
  outputs: number,
  inputs: number,
  kernel: readonly number[],
  groups = 1,
): KernelShape {
  const ones = kernel.map(() => 1);
  const pads = [...ones, ...ones].fill(0);
  return { outputs, inputs, groups, kernel, strides: ones, dilations: ones, pads };
}

export function randomKernel(shape: KernelShape, seed = 1): Kernel {
  const random = seededRandom(seed);
  return { shape, data: Float32Array.from({ length: weightsOf(shape) }, random.normal) };
}

/** Moments of `patches` patches with features of very different energy that depend on one another. */
export function randomMoments(shape: KernelShape, seed = 1, patches = 4): InputMoments {
  const random = seededRandom(seed);
  const features = featuresOf(shape);
  const count = patches * features;
  const gram = Array.from({ length: shape.groups }, () => {
    const seen = matrix(features, count);
    for (let p = 0; p < count; p++) {
      const shared = random.normal();
      for (let f = 0; f < features; f++) {
        seen.data[f * count + p] = (shared + random.normal()) / (1 + (f % 7));
      }
    }
    return gramOf(seen).data;
  });
  return { features, gram, count };
}
