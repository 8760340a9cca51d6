/**
 * Attention transfer: where model and teacher look, the mean over channels of squared activations,
 * taken as a direction: q = vec(mean_c F²) / ‖·‖₂, and mean (q_s − q_t)² over images and places, summed
 * over the layers (Zagoruyko and Komodakis, arXiv 1612.03928).
 */

import { sumOf, type FeatureLoss } from './feature-loss';
import { equalSizes } from './equal-sizes';
import type { LossContext } from './loss';

export const attention: FeatureLoss = {
  id: 'attention',
  title: 'attention transfer',
  doc: 'Makes the model look where the teacher looks: compares maps of squared activations, summed over channels. Learns nothing besides the model, and widths may differ.',
  weight: 1000,
  places: ({ stages }) => stages(),
  make: (pairs) => ({
    id: 'attention',
    doc: 'Difference of attention maps.',
    write: (context) => {
      const terms = pairs.map((pair) => {
        const { axis } = pair.student;
        const values = { student: pair.student.value, teacher: pair.teacher.value };
        const { student, teacher } = equalSizes(context, pair, values);
        const difference = context.emit('Sub', [
          attentionOf(context, student, axis),
          attentionOf(context, teacher, axis),
        ]);
        const square = context.emit('Mul', [difference, difference]);
        return context.emit('ReduceMean', [square], { keepdims: 0 });
      });
      return sumOf(context, terms);
    },
  }),
};

/** A map that is 0 everywhere has no direction, and stays 0. */
const nothing = 1e-24;

/** In the shape of the value with one channel, of length 1 for each image. */
function attentionOf(context: LossContext, value: string, axis: number): string {
  const { emit, floats, integers, shape } = context;
  const map = emit('ReduceMean', [emit('Mul', [value, value]), integers([axis])]);
  const all = shape(value).flatMap((_, i) => (i === 0 ? [] : [i]));
  const length = emit('ReduceSum', [emit('Mul', [map, map]), integers(all)]);
  return emit('Div', [map, emit('Sqrt', [emit('Add', [length, floats(nothing)])])]);
}
