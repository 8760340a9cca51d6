/** A sum of features with non-negative coefficients for each class, fitted on times of kernels. */

import type { Kernel } from '../kernel';
import type { LinearCost } from '../profile';
import { features } from './features';
import type { Price } from './price';

/** The class whose rates stand in for those of a class that no probe had. */
const standIn = 'Binary';

export function linearMs(kernel: Kernel, cost: LinearCost): Price {
  const covered = Object.hasOwn(cost.classes, kernel.class);
  const rates = cost.classes[covered ? kernel.class : standIn]?.features ?? {};
  let us = cost.perNode;
  for (const [name, rate] of Object.entries(rates)) us += rate * (features[name]?.(kernel) ?? 0);
  return { ms: (cost.scale * us) / 1000, covered };
}

/** Milliseconds of a whole run. */
export function linearSumMs(kernels: readonly Kernel[], cost: LinearCost): number {
  return kernels.reduce((sum, kernel) => sum + linearMs(kernel, cost).ms, cost.perRun / 1000);
}
