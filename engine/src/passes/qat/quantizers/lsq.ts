/**
 * Learned step size quantization: v̂ = s · round(clip(v / s, −Qn, Qp)) with the step s trained, too
 * (S. Esser et al., arXiv 1902.08153). By the straight-through rule ∂v̂/∂s is −v/s + round(v/s) inside
 * and −Qn or Qp outside, ∂v̂/∂v is 1 inside and 0 outside. The gradient of s is multiplied by
 * 1 / √(n · Qp), n being the number of elements that one step serves (of one sample where they are
 * activations), so that a step moves, for its size, about as fast as a weight does.
 */

import type { Grid } from '../../quantize/grid';
import {
  codeBounds,
  stepDims,
  type Quantizer,
  type QuantizerWriter,
  type Rounded,
} from './quantizer';

export const lsq: Quantizer = {
  id: 'lsq',
  title: 'LSQ',
  doc: 'Trains the steps of weights and of activations beside the weights.',
  usesLeastCode: true,
  weight: (write, { name, dims, values, grid }) => {
    const weight = write.parameter(name, dims, values, { decays: true });
    const perStep = values.length / grid.scale.length;
    return toSteps(write, weight, grid, { name, dims: stepDims(dims, grid), elements: perStep });
  },
  activation: (write, { name, value, grid, features }) =>
    toSteps(write, value, grid, { name, dims: [], elements: features }),
};

interface Step {
  readonly name: string;
  readonly dims: readonly number[];
  /** How many elements one step serves. */
  readonly elements: number;
}

function toSteps(
  write: QuantizerWriter,
  value: string,
  grid: Grid,
  { name, dims, elements }: Step,
): Rounded {
  const [low, high] = codeBounds(grid);
  const gain = 1 / Math.sqrt(elements * Math.max(high, 1));
  // A step that training takes below zero would turn the codes round.
  const step = write.emit('Abs', [
    write.parameter(`${name}.step`, dims, grid.scale, { decays: false, gain }),
  ]);
  const unrounded = write.emit('Div', [value, step]);
  const bounds = [write.constant(low), write.constant(high)];
  const codes = write.round(write.emit('Clip', [unrounded, ...bounds]));
  return { codes, step, unrounded };
}
