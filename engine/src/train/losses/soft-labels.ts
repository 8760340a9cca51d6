/**
 * Soft labels: the Kullback–Leibler divergence of the student's softened shares from the teacher's,
 * T² · 1/N Σ p log(p / q) with p, q = softmax(output / T); T² keeps the size of the gradients
 * (Hinton et al., arXiv 1503.02531).
 */

import { requireClasses, requireEqualClasses } from './classes';
import type { Loss } from './loss';

export function softLabels(temperature: number): Loss {
  return {
    id: 'soft_labels',
    doc: 'Divergence from what a teacher says, softened by a temperature; needs no labels.',
    write: ({ output, shape, emit, floats, teacher }) => {
      const logs = (value: string) =>
        emit('LogSoftmax', [emit('Mul', [value, floats(1 / temperature)])], { axis: 1 });
      const taught = teacher();
      requireClasses(shape(output));
      requireEqualClasses(shape(output), shape(taught));
      const wanted = logs(taught);
      const difference = emit('Sub', [wanted, logs(output)]);
      const divergence = emit('Mul', [emit('Exp', [wanted]), difference]);
      const sum = emit('ReduceSum', [divergence], { keepdims: 0 });
      return emit('Mul', [sum, floats(temperature ** 2 / shape(output)[0])]);
    },
  };
}
