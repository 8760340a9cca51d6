/**
 * A comprehensive overhaul of feature distillation (Heo et al., arXiv 1904.01866): maps in front of the
 * activation at the ends of n stages. The teacher's go through a margin ReLU, t′ = max(t, m) with m the
 * mean of a channel's negative responses; the model's, through a 1×1 convolution and a normalization
 * that are learnt along. Where both lie below the margin there is nothing to learn:
 * Σᵢ 2^(i+1−n) · 1/N Σ (s − t′)² over places with s > t′ or t′ > 0.
 */

import type { Tap, TapPair } from '../taps';
import { equalSizes } from './equal-sizes';
import { sumOf, type FeatureLoss } from './feature-loss';
import { makeHead } from './head';
import type { Loss, LossContext } from './loss';
import { meanBelowZero } from './normal-distribution';

export const overhaul: FeatureLoss = {
  id: 'overhaul',
  title: 'feature distillation in front of the activation',
  doc: 'Compares maps in front of the activation, without what the teacher’s activation would cut off anyway, through a convolution and a normalization that are learnt along.',
  weight: 1e-3,
  places: ({ stages }) => stages(),
  make: (pairs, seed) => {
    const stages = pairs.map((pair, i) => stageOf(pair, `@overhaul.${i}`, seed + i));
    return {
      id: 'overhaul',
      doc: 'Partial distance of maps in front of the activation.',
      learns: (shapes) => stages.flatMap(({ learns }) => learns!(shapes)),
      write: (context) => {
        const terms = stages.map(({ write }, i) => {
          return context.emit('Mul', [write(context), context.floats(2 ** (i + 1 - pairs.length))]);
        });
        return sumOf(context, terms);
      },
    };
  },
};

function stageOf(pair: TapPair, name: string, seed: number): Pick<Loss, 'learns' | 'write'> {
  const head = makeHead(name, pair, 'before', seed);
  const values = { student: pair.student.before, teacher: pair.teacher.before };
  return {
    learns: (shapes) => head.learns(shapes),
    write: (context) => {
      const { emit, floats, shape } = context;
      const { student, teacher } = equalSizes(context, pair, values);
      const projected = head.apply(context, student);
      const goal = emit('Max', [teacher, marginOf(context, pair.teacher, teacher)]);
      const learnt = emit('Or', [
        emit('Greater', [projected, goal]),
        emit('Greater', [goal, floats(0)]),
      ]);
      const difference = emit('Sub', [projected, goal]);
      const square = emit('Mul', [difference, difference]);
      const sum = emit('ReduceSum', [emit('Where', [learnt, square, floats(0)])], { keepdims: 0 });
      return emit('Mul', [sum, floats(1 / shape(student)[0])]);
    },
  };
}

/**
 * For each channel the mean of what lies below 0, in a shape that broadcasts: as γ and β tell it where
 * a normalization gives the map, else as it is in this batch.
 */
function marginOf({ emit, floats, integers, teacherShape }: LossContext, tap: Tap, value: string) {
  const { axis, normalization } = tap;
  const shape = teacherShape(tap.before);
  if (normalization) {
    const { scale, shift } = normalization;
    const margins = Float32Array.from(scale, (each, c) => meanBelowZero(shift[c], Math.abs(each)));
    return floats(
      margins,
      shape.map((dim, i) => (i === axis ? dim : 1)),
    );
  }
  const others = integers(shape.flatMap((_, i) => (i === axis ? [] : [i])));
  const negative = emit('Min', [value, floats(0)]);
  const isNegative = emit('Cast', [emit('Less', [value, floats(0)])], { to: 1 });
  const count = emit('Max', [emit('ReduceSum', [isNegative, others]), floats(1)]);
  return emit('Div', [emit('ReduceSum', [negative, others]), count]);
}
