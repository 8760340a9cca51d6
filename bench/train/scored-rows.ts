/** What the tables of trained models share. */

import type { Dataset } from '#engine/data/dataset';
import { percent } from '../pruning-table';

/** One seed of a case. */
export interface Scored {
  readonly accuracy: number;
  readonly seconds: number;
}

/** The mean over seeds, and the time of one. */
export function cellOf(rows: readonly Scored[]): string {
  if (rows.length === 0) return '–';
  const mean = (of: (row: Scored) => number) =>
    rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  return `${percent(mean(({ accuracy }) => accuracy))} (${mean(({ seconds }) => seconds).toFixed(0)} s)`;
}

/** At most this many samples, as a flag says it. */
export function limited(data: Dataset, count: string): Dataset {
  return Number(count) < data.samples ? data.sample(Number(count), 0) : data;
}
