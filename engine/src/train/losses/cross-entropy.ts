/** Cross-entropy with the targets: −1/N Σ target · log softmax(output). Targets may be soft. */

import type { Loss } from './loss';

export const crossEntropy: Loss = {
  id: 'cross_entropy',
  doc: 'Cross-entropy with the labels.',
  write: ({ output, shape, emit, floats, targets }) => {
    const logs = emit('LogSoftmax', [output], { axis: 1 });
    const sum = emit('ReduceSum', [emit('Mul', [logs, targets()])], { keepdims: 0 });
    return emit('Mul', [sum, floats(-1 / shape(output)[0])]);
  },
};
