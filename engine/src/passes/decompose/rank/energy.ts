/** The smallest rank that keeps a share of the energy: Σ_{i ≤ r} sᵢ² ≥ share · Σ sᵢ². */

import type { Spectrum } from '../method';

/**
 * @param share of the squared singular values, 0 … 1.
 * @returns at least 1.
 */
export function energyRank({ values }: Spectrum, share: number): number {
  const total = values.reduce((sum, value) => sum + value * value, 0);
  let kept = 0;
  let rank = 0;
  // Summed in the order of the total, so that all of the energy is reached at the end.
  while (rank < values.length && kept < share * total) kept += values[rank++] ** 2;
  return Math.max(1, rank);
}
