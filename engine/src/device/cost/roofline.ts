/** `max(work · rate of the class, bytes · memory) + overhead`, fitted on times of whole models. */

import type { Kernel } from '../kernel';
import type { RooflineCost } from '../profile';
import type { Price } from './price';

export function rooflineMs(kernel: Kernel, cost: RooflineCost): Price {
  const { inputs, outputs, weights } = kernel.size;
  const bytes = 4 * (inputs + outputs + weights);
  const covered = Object.hasOwn(cost.classes, kernel.class);
  const rate = covered ? cost.classes[kernel.class] : (cost.classes.elementwise ?? cost.memory);
  const compute = (workOf(kernel, cost.shape) / 1e6) * rate;
  return { ms: Math.max(compute, (bytes / 1e6) * cost.memory) + cost.overhead, covered };
}

/** Effective multiply-accumulates of convolutions and products, bytes moved by all others. */
function workOf({ size }: Kernel, _shape: Readonly<Record<string, number>>): number {
  return size.macs > 0 ? size.macs : 4 * (size.inputs + size.outputs);
}
