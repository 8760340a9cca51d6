/** The quantities that the time of a kernel may be proportional to, by the names profiles use. */

import type { Kernel } from '../kernel';

export type Feature = (kernel: Kernel) => number;

export const features: Readonly<Record<string, Feature>> = {
  one: () => 1,
  macs: ({ size }) => size.macs,
  inputs: ({ size }) => size.inputs * (size.activationBytes ?? 4),
  outputs: ({ size }) => size.outputs * (size.activationBytes ?? 4),
  weights: ({ size }) => size.weights * (size.weightBytes ?? 4),
};
