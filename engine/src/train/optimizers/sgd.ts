/**
 * Stochastic gradient descent with momentum: v ← μ v + g, w ← w − η v; Nesterov's variant steps by
 * g + μ v (Sutskever et al., 2013).
 */

import { multiply } from '../../ops/gradients/support';
import type { Optimizer } from './optimizer';

export const sgd: Optimizer = {
  id: 'sgd',
  doc: 'Stochastic gradient descent with momentum, or Nesterov’s variant of it.',
  moments: 1,
  write: ({ write, weights, gradient, moments: [velocity], rate, options }) => {
    const { momentum, nesterov } = options;
    const next = write.emit('Add', [multiply(write, velocity, momentum), gradient]);
    const direction = nesterov
      ? write.emit('Add', [gradient, multiply(write, next, momentum)])
      : next;
    const stepped = write.emit('Sub', [weights, multiply(write, direction, rate)]);
    return { weights: stepped, moments: [next] };
  },
};
