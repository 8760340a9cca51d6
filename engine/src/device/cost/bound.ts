/** The least time that arithmetic and traffic leave possible: a roofline, never an estimate. */

import type { Kernel } from '../kernel';
import type { BoundCost } from '../profile';

/** Milliseconds of the whole model: each weight and each input and output moved once. */
export function boundMs(kernels: readonly Kernel[], cost: BoundCost): number {
  const macs = kernels.reduce((sum, { size }) => sum + size.macs, 0);
  const weights = kernels.reduce((sum, { size }) => {
    return sum + size.weights * (size.weightBytes ?? 4);
  }, 0);
  return 1000 * Math.max(macs / cost.macsPerSecond, weights / cost.bytesPerSecond);
}
