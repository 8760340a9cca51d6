/** What is known of the values that a layer reads: extent and rounding error, batch by batch. */

import type { Grid } from '../grid';
import { sqnr, type Truth } from './outcome';
import type { Statistics } from './reading';

export class ReadStatistics {
  private readonly batches = new Map<Truth, Statistics>();

  /** @param truths in their order, so that the sums do not depend on which batch was done first. */
  constructor(private readonly truths: readonly Truth[]) {}

  add(truth: Truth, statistics: Statistics): void {
    this.batches.set(truth, statistics);
  }

  /** Largest magnitude of each channel. */
  get extents(): number[] {
    const most: number[] = [];
    for (const { extents } of this.batches.values()) {
      extents.forEach((each, c) => (most[c] = Math.max(most[c] ?? 0, each)));
    }
    return most;
  }

  sqnrDb(grid: Grid): number | null {
    const total = (part: (batch: Statistics) => number): number =>
      this.truths.reduce((sum, truth) => {
        const batch = this.batches.get(truth);
        return batch ? sum + part(batch) : sum;
      }, 0);
    return sqnr(
      total(({ signal }) => signal),
      total(({ noise }) => noise.get(grid) ?? 0),
    );
  }
}

export function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i];
    sum += difference * difference;
  }
  return sum;
}
