/**
 * Relational knowledge distillation (Park et al., arXiv 1904.05068): how the images of a batch lie to
 * each other in front of the classifier. Distances, ψ = ‖eᵢ − eⱼ‖ / mean, and angles,
 * ψ = cos ∠ eⱼ eᵢ eₖ, are compared by the smooth L1 distance; 25 · distances + 50 · angles.
 */

import type { Tap } from '../taps';
import type { FeatureLoss } from './feature-loss';
import { sumOf } from './feature-loss';
import type { LossContext } from './loss';

const distanceWeight = 25;
const angleWeight = 50;

export const relational: FeatureLoss = {
  id: 'relational',
  title: 'relations between images',
  doc: 'Makes images lie to each other as they do for the teacher: compares distances and angles in front of the classifier. Widths may differ; larger batches tell more.',
  weight: 1,
  places: ({ embedding }) => [embedding()],
  make: (pairs) => ({
    id: 'relational',
    doc: 'Difference of distances and angles within the batch.',
    write: (context) => {
      const { emit, floats } = context;
      const terms = pairs.flatMap(({ student, teacher }) => {
        const own = relationsOf(context, student.value, student, context.shape(student.value));
        const shape = context.teacherShape(teacher.value);
        const theirs = relationsOf(context, context.teacher(teacher.value), teacher, shape);
        const distances = smoothL1(context, emit('Sub', [own.distances, theirs.distances]));
        const angles = smoothL1(context, emit('Sub', [own.angles, theirs.angles]));
        return [
          emit('Mul', [distances, floats(distanceWeight)]),
          emit('Mul', [angles, floats(angleWeight)]),
        ];
      });
      return sumOf(context, terms);
    },
  }),
};

/** Below this the square of a distance is none; it also keeps gradients of equal images finite. */
const nothing = 1e-12;

/** Distances, [N, N], their mean apart from the diagonal being 1, and cosines, [N, N, N]. */
function relationsOf(
  context: LossContext,
  value: string,
  { axis }: Tap,
  shape: readonly number[],
): { distances: string; angles: string } {
  const { emit, floats, integers } = context;
  const [count, channels] = [shape[0], shape[axis]];
  const places = shape.flatMap((_, i) => (i > 0 && i !== axis ? [i] : []));
  const vectors =
    places.length > 0 ? emit('ReduceMean', [value, integers(places)], { keepdims: 0 }) : value;
  const [rows, columns] = [
    [count, 1, channels],
    [1, count, channels],
  ].map((dims) => emit('Reshape', [vectors, integers(dims)]));
  const differences = emit('Sub', [rows, columns]);
  const squares = emit('ReduceSum', [emit('Mul', [differences, differences]), integers([2])]);
  const lengths = emit('Sqrt', [emit('Add', [squares, floats(nothing)])]);
  const directions = emit('Div', [differences, lengths]);
  const turned = emit('Transpose', [directions], { perm: [0, 2, 1] });

  const apart = new Float32Array(count * count).fill(1);
  for (let i = 0; i < count; i++) apart[i * count + i] = 0;
  const matrix = emit('Reshape', [lengths, integers([count, count])]);
  const distances = emit('Mul', [matrix, floats(apart, [count, count])]);
  const sum = emit('ReduceSum', [distances], { keepdims: 0 });
  const mean = emit('Mul', [sum, floats(1 / (count * (count - 1)))]);
  return {
    distances: emit('Div', [distances, mean]),
    angles: emit('MatMul', [directions, turned]),
  };
}

/** The mean of x²/2 where |x| < 1 and of |x| − 1/2 beyond. */
function smoothL1({ emit, floats }: LossContext, value: string): string {
  const size = emit('Abs', [value]);
  const small = emit('Min', [size, floats(1)]);
  const beyond = emit('Sub', [size, emit('Mul', [small, floats(0.5)])]);
  return emit('ReduceMean', [emit('Mul', [small, beyond])], { keepdims: 0 });
}
