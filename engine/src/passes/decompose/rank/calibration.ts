/**
 * Moves a rank towards all of it or towards none: rank + trunc((full − rank) · ratio), as NetsPresso's
 * calibration ratio does (64 full, 32 kept: +0.2 gives 38, −0.2 gives 26).
 */

/**
 * @param ratio −1 … 1.
 * @returns 1 … full.
 */
export function calibratedRank(rank: number, full: number, ratio: number): number {
  const moved = rank + Math.trunc((full - rank) * ratio);
  return Math.min(full, Math.max(1, moved));
}
