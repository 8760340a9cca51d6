/** A linear map from the model's channels to the teacher's, learnt along and forgotten after training. */

import { seededRandom } from '../../linalg/random';
import { makeTensor } from '../../ir/tensor';
import type { ExtraParameter } from '../parameters';
import type { TapPair } from '../taps';
import type { LossContext, LossShapes } from './loss';

/** Which value of a tap a head reads. */
export type Side = 'value' | 'before';

export interface Head {
  /** Begins with normal numbers that keep the variance of what it reads. */
  learns(shapes: LossShapes): ExtraParameter;
  /** A 1×1 convolution over maps, a product elsewhere. */
  apply(context: LossContext, value: string): string;
}

/** @param name of its weight. */
export function makeHead(
  name: string,
  { student, teacher }: TapPair,
  side: Side,
  seed: number,
): Head {
  return {
    learns: (shapes) => {
      const own = shapes.shape(student[side]);
      const from = own[student.axis];
      const to = shapes.teacherShape(teacher[side])[teacher.axis];
      const places = own.slice(2).map(() => 1);
      const dims = isMap(own, student.axis) ? [to, from, ...places] : [from, to];
      const random = seededRandom(seed);
      const values = Float32Array.from({ length: from * to }, () => {
        return random.normal() / Math.sqrt(from);
      });
      return { tensor: makeTensor(name, 'float', dims, values), decays: true };
    },
    apply: ({ emit, shape }, value) =>
      isMap(shape(value), student.axis)
        ? emit('Conv', [value, name])
        : emit('MatMul', [value, name]),
  };
}

function isMap(shape: readonly number[], axis: number): boolean {
  return axis === 1 && shape.length > 2;
}
