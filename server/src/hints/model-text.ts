/** What is said of a whole model at the line that names it. */

import type { LatencyEstimate } from '#protocol/device';
import type { Inspection } from '#protocol/inspection';
import { count, macs, percent } from './figures';
import { modelLatency } from './latency-text';

/** `83 ms ±9 % · Raspberry Pi 4 · 0.86 M params · 126 MMACs · 38 % prunable` */
export function modelText({ totals }: Inspection, latency: readonly LatencyEstimate[]): string {
  const parts = latency.length > 0 ? [modelLatency(latency)] : [];
  parts.push(`${count(totals.params)} params`);
  if (totals.macs > 0) parts.push(macs(totals.macs));
  parts.push(`${percent(totals.prunableShare)} prunable`);
  return parts.join(' · ');
}
