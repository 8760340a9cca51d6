/**
 * Two operators that exist only while training (domain `coppice`), because quantizers need gradients
 * other than their own: `RoundThrough` rounds half to even and lets the gradient pass as if it had not
 * (the straight-through estimator, Bengio et al., arXiv 1308.3432); `Detach` lets nothing pass.
 */

import type { Gradient } from '../gradient';

const roundThrough: Gradient = {
  forward: ({ node, write, output }) => {
    output(0, write.emit('Round', [node.input[0]]));
    return {};
  },
  backward: ({ gradient, give }) => give(0, gradient(0)!),
};

const detach: Gradient = {
  forward: ({ node, output }) => {
    output(0, node.input[0]);
    return {};
  },
  backward: () => undefined,
};

export const straightThroughGradients: Readonly<Record<string, Gradient>> = {
  RoundThrough: roundThrough,
  Detach: detach,
};
