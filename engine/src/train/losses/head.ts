/**
 * What brings the model's channels to the teacher's: a 1×1 convolution and a normalization, learnt along
 * and forgotten after training. The normalization keeps large weights of a loss stable.
 */

import { seededRandom } from '../../linalg/random';
import { makeTensor } from '../../ir/tensor';
import type { ExtraParameter } from '../parameters';
import type { TapPair } from '../taps';
import type { LossContext, LossShapes } from './loss';

/** Which value of a tap a head reads. */
export type Side = 'value' | 'before';

export interface Head {
  /** Begins with normal numbers that keep the variance of what it reads. */
  learns(shapes: LossShapes): readonly ExtraParameter[];
  /** A convolution over maps, a product elsewhere, then the statistics of the batch. */
  apply(context: LossContext, value: string): string;
}

/** @param name of its parameters: `name.weight`, `name.scale`, `name.shift`. */
export function makeHead(
  name: string,
  { student, teacher }: TapPair,
  side: Side,
  seed: number,
): Head {
  const { axis } = student;
  return {
    learns: (shapes) => {
      const own = shapes.shape(student[side]);
      const from = own[axis];
      const to = shapes.teacherShape(teacher[side])[teacher.axis];
      const places = own.slice(2).map(() => 1);
      const dims = isMap(own, axis) ? [to, from, ...places] : [from, to];
      const random = seededRandom(seed);
      const weight = Float32Array.from({ length: from * to }, () => {
        return random.normal() / Math.sqrt(from);
      });
      const vector = (part: string, value: number) =>
        makeTensor(`${name}.${part}`, 'float', [to], new Float32Array(to).fill(value));
      return [
        { tensor: makeTensor(`${name}.weight`, 'float', dims, weight), decays: true },
        { tensor: vector('scale', 1), decays: false },
        { tensor: vector('shift', 0), decays: false },
      ];
    },
    apply: (context, value) => {
      const op = isMap(context.shape(value), axis) ? 'Conv' : 'MatMul';
      const projected = context.emit(op, [value, `${name}.weight`]);
      return normalized(context, projected, axis, name);
    },
  };
}

function isMap(shape: readonly number[], axis: number): boolean {
  return axis === 1 && shape.length > 2;
}

/** By the statistics of the batch. */
function normalized(
  { emit, floats, shape }: LossContext,
  value: string,
  axis: number,
  name: string,
): string {
  const dims = shape(value);
  const order = dims.map((_, i) => i);
  [order[1], order[axis]] = [order[axis], order[1]];
  const turned = axis === 1 ? value : emit('Transpose', [value], { perm: order });
  const unused = floats(new Float32Array(dims[axis]).fill(1));
  const inputs = [turned, `${name}.scale`, `${name}.shift`, unused, unused];
  const result = emit('BatchNormalization', inputs);
  return axis === 1 ? result : emit('Transpose', [result], { perm: order });
}
