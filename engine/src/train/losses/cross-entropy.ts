/** Cross-entropy with the targets: −1/N Σ target · log softmax(output / T). Targets may be soft. */

import { requireClasses } from './classes';
import type { Loss } from './loss';

export const crossEntropy = crossEntropyAt(1);

/** @param temperature softens what the model says. */
export function crossEntropyAt(temperature: number): Loss {
  return {
    id: 'cross_entropy',
    doc: 'Cross-entropy with the labels.',
    write: ({ output, shape, emit, floats, targets }) => {
      requireClasses(shape(output));
      const scores = temperature === 1 ? output : emit('Mul', [output, floats(1 / temperature)]);
      const logs = emit('LogSoftmax', [scores], { axis: 1 });
      const sum = emit('ReduceSum', [emit('Mul', [logs, targets()])], { keepdims: 0 });
      return emit('Mul', [sum, floats(-1 / shape(output)[0])]);
    },
  };
}
