/**
 * Brings the maps of model and teacher to one size: along each axis the larger one is averaged over
 * as many bins as the smaller one has places, each from ⌊i·L/S⌋ to ⌈(i+1)·L/S⌉ (adaptive average
 * pooling), which is a product with a constant matrix.
 */

import { CoppiceError } from '../../ir/issue';
import type { TapPair } from '../taps';
import type { LossContext } from './loss';

/** @returns two values that differ in their channels alone. */
export function equalSizes(
  context: LossContext,
  { student, teacher }: TapPair,
  values: { readonly student: string; readonly teacher: string },
): { student: string; teacher: string } {
  const shapes = [context.shape(values.student), context.teacherShape(values.teacher)];
  const [own, theirs] = shapes;
  const made = { student: values.student, teacher: context.teacher(values.teacher) };
  if (own.length !== theirs.length || student.axis !== teacher.axis) {
    throw incomparable(student.layer, own, teacher.layer, theirs);
  }
  for (let axis = 1; axis < own.length; axis++) {
    if (axis === student.axis || own[axis] === theirs[axis]) continue;
    const larger = own[axis] > theirs[axis] ? 'student' : 'teacher';
    const [from, to] = [Math.max(own[axis], theirs[axis]), Math.min(own[axis], theirs[axis])];
    made[larger] = pooled(context, made[larger], { axis, rank: own.length, from, to });
  }
  return made;
}

interface Pooling {
  readonly axis: number;
  readonly rank: number;
  readonly from: number;
  readonly to: number;
}

/** The axis is moved to the end for the product, and back. */
function pooled({ emit, floats }: LossContext, value: string, { axis, rank, from, to }: Pooling) {
  const last = rank - 1;
  const bins = floats(binsOf(from, to), [from, to]);
  if (axis === last) return emit('MatMul', [value, bins]);
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[axis], perm[last]] = [perm[last], perm[axis]];
  const turned = emit('Transpose', [value], { perm });
  return emit('Transpose', [emit('MatMul', [turned, bins])], { perm });
}

/** [from, to]: what each place counts in each bin. */
function binsOf(from: number, to: number): Float32Array {
  const bins = new Float32Array(from * to);
  for (let bin = 0; bin < to; bin++) {
    const start = Math.floor((bin * from) / to);
    const end = Math.ceil(((bin + 1) * from) / to);
    for (let place = start; place < end; place++) bins[place * to + bin] = 1 / (end - start);
  }
  return bins;
}

function incomparable(
  layer: string,
  own: readonly number[],
  other: string,
  theirs: readonly number[],
): CoppiceError {
  return new CoppiceError(
    'incomparable-layers',
    `"${layer}" of the model gives [${own.join(', ')}] and "${other}" of the teacher [${theirs.join(', ')}], which cannot be compared: name layers of the same kind.`,
  );
}
