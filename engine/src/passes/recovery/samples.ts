/** Calibration batches that are read many times: kept in memory up to a bound, streamed beyond it. */

import type { Dataset } from '../../data/dataset';
import type { Feeder } from '../../runtime/feeds';
import type { Feeds } from '../../runtime/runtime';

/** Bytes of preprocessed samples that are kept. */
const bound = 512 * 2 ** 20;

/** One batch as the model takes it; a fixed batch may be filled up with repeats. */
export interface CalibrationBatch {
  readonly feeds: Feeds;
  readonly samples: number;
}

export class CalibrationBatches {
  private kept: CalibrationBatch[] | undefined;

  constructor(
    private readonly data: Dataset,
    private readonly feeder: Feeder,
  ) {}

  get samples(): number {
    return this.data.samples;
  }

  async *each(signal: AbortSignal): AsyncGenerator<CalibrationBatch> {
    if (this.kept) {
      yield* this.kept;
      return;
    }
    const batches: CalibrationBatch[] = [];
    let bytes = 0;
    for await (const batch of this.data.batches(this.feeder.batchSize, signal)) {
      const feeds = this.feeder.feeds(batch);
      const tensor = feeds[this.feeder.input.name];
      const fed = { feeds, samples: tensor.dims[0] };
      bytes += tensor.data.byteLength;
      if (bytes <= bound) batches.push(fed);
      yield fed;
    }
    if (bytes <= bound) this.kept = batches;
  }
}
