/** Calibration batches that are read many times: kept in memory up to a bound, streamed beyond it. */

import type { Batch, Dataset } from '../../data/dataset';

/** Bytes of preprocessed samples that are kept. */
const bound = 512 * 2 ** 20;

export class CalibrationBatches {
  private kept: Batch[] | undefined;

  constructor(
    private readonly data: Dataset,
    readonly size: number,
  ) {}

  get count(): number {
    return Math.ceil(this.data.samples / this.size);
  }

  async *each(signal: AbortSignal): AsyncGenerator<Batch> {
    if (this.kept) {
      yield* this.kept;
      return;
    }
    const batches: Batch[] = [];
    let bytes = 0;
    for await (const batch of this.data.batches(this.size, signal)) {
      bytes += batch.data.byteLength;
      if (bytes <= bound) batches.push(batch);
      yield batch;
    }
    if (bytes <= bound) this.kept = batches;
  }
}
