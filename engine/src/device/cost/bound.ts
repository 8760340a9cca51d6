/** The least time that arithmetic and traffic leave possible: a roofline, never an estimate. */

import type { Kernel } from '../kernel';
import type { BoundCost } from '../profile';

/** Milliseconds of the whole model, each of its weights moved once. */
export function boundMs(kernels: readonly Kernel[], cost: BoundCost): number {
  const macs = kernels.reduce((sum, { size }) => sum + size.macs, 0);
  const bytes = kernels.reduce((sum, { size }) => {
    return sum + size.weights * Math.min(size.weightBytes ?? 4, cost.weightBytes ?? 4);
  }, 0);
  return 1000 * Math.max(macs / cost.macsPerSecond, bytes / cost.bytesPerSecond);
}
