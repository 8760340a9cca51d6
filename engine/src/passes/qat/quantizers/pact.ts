/**
 * Parameterized clipping activation: y = clip(x, 0, α), rounded to the codes of a grid whose end is α
 * (J. Choi et al., arXiv 1805.06085). ∂y/∂α is 1 where x ≥ α and 0 elsewhere, ∂y/∂x is 1 between 0 and
 * α: rounding counts for neither. Weight decay pulls α down, so that it settles where coarser steps
 * outweigh what is clipped. Where values may be negative, α is the farther end, and the other keeps
 * its proportion to it. Weights are those of DoReFa, as in the paper.
 */

import { dorefa } from './dorefa';
import { codeBounds, type Quantizer } from './quantizer';

export const pact: Quantizer = {
  id: 'pact',
  title: 'PACT',
  doc: 'Trains the range of each activation; weights are those of DoReFa.',
  usesLeastCode: false,
  weight: dorefa.weight,
  activation: (write, { name, value, grid }) => {
    const [low, high] = codeBounds(grid);
    const most = Math.max(high, -low);
    const range = Float32Array.of(grid.scale[0] * most);
    const alpha = write.parameter(`${name}.alpha`, [], range, { decays: true });
    const step = write.emit('Div', [write.emit('Abs', [alpha]), write.constant(most)]);
    // The gradients with respect to the step cancel inside, and are those of its multiple outside.
    const steps = write.emit('Div', [value, step]);
    const bounds = [write.constant(low), write.constant(high)];
    const clipped = write.emit('Mul', [write.emit('Clip', [steps, ...bounds]), step]);
    const fixed = write.detach(step);
    const unrounded = write.emit('Div', [clipped, fixed]);
    return { codes: write.round(unrounded), step: fixed, unrounded };
  },
};
