/** Softmax and LogSoftmax along one axis. */

import { intAttribute } from '../../ir/attributes';
import type { Gradient } from '../gradient';
import { sumOver } from './support';

/** dx = y · (dy − Σ dy · y). */
const softmax: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const axis = intAttribute(node, 'axis', -1);
    const weighted = write.emit('Mul', [gradient(0)!, node.output[0]]);
    const along = write.emit('Mul', [node.output[0], sumOver(write, weighted, [axis])]);
    give(0, write.emit('Sub', [weighted, along]));
  },
};

/** dx = dy − exp(y) · Σ dy. */
const logSoftmax: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const total = sumOver(write, gradient(0)!, [intAttribute(node, 'axis', -1)]);
    const shares = write.emit('Mul', [write.emit('Exp', [node.output[0]]), total]);
    give(0, write.emit('Sub', [gradient(0)!, shares]));
  },
};

export const softmaxGradients: Readonly<Record<string, Gradient>> = {
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};
