/** The gradients of all parameters in one vector, in the layout of `@weights`. */

import { multiply, reshape } from '../ops/gradients/support';
import type { Parameter } from './parameters';
import type { Recorded } from './record';

/** λ times each weight that decays and 0 for others, in the same layout. */
export function flatPull({ build, parameters }: Recorded, decay: number): string {
  const pulls = parameters.map(({ name, decays, size }) => {
    return reshape(build, multiply(build, name, decays ? decay : 0), [size]);
  });
  return build.emit('Concat', pulls, { axis: 0 });
}

/**
 * Writes the backward pass.
 *
 * @param decayOf pulls a parameter towards 0 by this share of itself, as part of its gradient.
 * @returns the name of the vector; 0 where the loss does not depend on a parameter.
 */
export function flatGradient(
  { build, tape, parameters, loss }: Recorded,
  decayOf: (parameter: Parameter) => number = () => 0,
): string {
  const gradients = tape.gradients(loss).map((gradient, i) => {
    const { name, dims, size, gain = 1 } = parameters[i];
    const own = gradient ?? multiply(build, name, 0);
    const scaled = gain === 1 ? own : multiply(build, own, gain);
    const decay = decayOf(parameters[i]);
    const pulled = decay > 0 ? build.emit('Add', [scaled, multiply(build, name, decay)]) : scaled;
    return reshape(build, pulled, dims.length === 1 ? dims : [size]);
  });
  return build.emit('Concat', gradients, { axis: 0 });
}
