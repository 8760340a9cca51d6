/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101): Adam whose weight decay is no part of the gradient,
 * so that it pulls on all weights alike, w ← w − η (direction + λ w).
 */

import { multiply } from '../../ops/gradients/support';
import { adamStep } from './adam';
import type { Optimizer } from './optimizer';

export const adamw: Optimizer = {
  id: 'adamw',
  doc: 'Adam with weight decay of its own, apart from the gradient.',
  moments: 2,
  decoupled: true,
  write: (context) => {
    const { write, weights, rate, pull } = context;
    const { direction, moments } = adamStep(context);
    const whole = pull === undefined ? direction : write.emit('Add', [direction, pull]);
    return { weights: write.emit('Sub', [weights, multiply(write, whole, rate)]), moments };
  },
};
