/** What is said of a whole model at the line that names it. */

import type { Inspection } from '#protocol/inspection';
import { count, macs, percent } from './figures';

/** `0.86 M params · 126 MMACs · 38 % prunable` */
export function modelText({ totals }: Inspection): string {
  const parts = [`${count(totals.params)} params`];
  if (totals.macs > 0) parts.push(macs(totals.macs));
  parts.push(`${percent(totals.prunableShare)} prunable`);
  return parts.join(' · ');
}
