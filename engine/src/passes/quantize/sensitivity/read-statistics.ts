/** What is known of the values that a layer reads: extent and rounding error, channel by channel. */

import type { NamedTensor } from '../../../runtime/runtime';
import type { Grid } from '../grid';
import { sqnr } from './outcome';

export class ReadStatistics {
  /** Largest magnitude of each channel. */
  extents = new Float64Array();
  private signal = 0;
  private readonly noise = new Map<Grid, number>();

  /** @param axis of the channels, which an array of one dimension less does not have. */
  constructor(private readonly axis: number) {}

  add({ data, dims }: NamedTensor, rounded: ReadonlyMap<Grid, NamedTensor>): void {
    const values = data as Float32Array;
    const axis = this.axis < 0 ? dims.length + this.axis : this.axis;
    const block = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    const channels = dims[axis];
    if (this.extents.length !== channels) this.extents = new Float64Array(channels);
    for (let start = 0, c = 0; start < values.length; start += block, c = (c + 1) % channels) {
      let most = this.extents[c];
      for (let at = start; at < start + block; at++) {
        const value = Math.abs(values[at]);
        this.signal += value * value;
        if (value > most) most = value;
      }
      this.extents[c] = most;
    }
    for (const [grid, { data: kept }] of rounded) {
      const noise = this.noise.get(grid) ?? 0;
      this.noise.set(grid, noise + squaredDistance(values, kept as Float32Array));
    }
  }

  sqnrDb(grid: Grid): number | null {
    return sqnr(this.signal, this.noise.get(grid) ?? 0);
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
