/**
 * Adam (Kingma and Ba, arXiv 1412.6980): the mean of the gradients over the root of the mean of their
 * squares, both corrected for having begun with 0.
 */

import { multiply } from '../../ops/gradients/support';
import type { Optimizer, OptimizerContext } from './optimizer';

const secondDecay = 0.999;
const epsilon = 1e-8;

export const adam: Optimizer = {
  id: 'adam',
  doc: 'Adam; weight decay is part of the gradient.',
  moments: 2,
  write: (context) => {
    const { write, weights, rate } = context;
    const { direction, moments } = adamStep(context);
    return { weights: write.emit('Sub', [weights, multiply(write, direction, rate)]), moments };
  },
};

/** Where to, before the learning rate, and the moments after it. */
export function adamStep({
  write,
  gradient,
  moments: [first, second],
  step,
  options: { momentum },
}: OptimizerContext) {
  const blend = (old: string, now: string, keep: number) =>
    write.emit('Add', [multiply(write, old, keep), multiply(write, now, 1 - keep)]);
  const mean = blend(first, gradient, momentum);
  const square = blend(second, write.emit('Mul', [gradient, gradient]), secondDecay);
  const corrected = (value: string, keep: number) =>
    write.emit('Div', [
      value,
      write.emit('Sub', [write.floats(1), write.emit('Pow', [write.floats(keep), step])]),
    ]);
  const root = write.emit('Sqrt', [corrected(square, secondDecay)]);
  const size = write.emit('Add', [root, write.floats(epsilon)]);
  const direction = write.emit('Div', [corrected(mean, momentum), size]);
  return { direction, moments: [mean, square] };
}
