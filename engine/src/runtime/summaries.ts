/**
 * Streams what calibration needs of intermediate values: ranges and histograms, taken in the child
 * process, so that the values themselves never leave it.
 */

import type { Batch, Dataset } from '../data/dataset';
import type { Model } from '../ir/model';
import { feederFor, type FeedOptions } from './feeds';
import type { Summary } from './histogram';
import { openModel } from './open-model';
import type { Runtime } from './runtime';
import { tapModel, type Tap } from './summary-taps';

export interface SummaryOptions extends FeedOptions {
  /** Histograms as well as ranges. */
  readonly bins: boolean;
  readonly signal?: AbortSignal;
  /** Called after every batch with the samples done. */
  progress?(done: number, total: number): void;
  /** What was seen of the named values in one batch. */
  onBatch(summaries: Readonly<Record<string, Summary>>): void;
}

/**
 * Runs the model over the dataset; `names` are outputs of nodes of the main graph, or its inputs.
 * Samples that only fill up a fixed batch repeat others, so they change no range and hardly a share.
 *
 * @throws CoppiceError `unknown-value`, `feeds`, or what the runtime says of the model.
 */
export async function streamSummaries(
  runtime: Runtime,
  model: Model,
  dataset: Dataset,
  names: readonly string[],
  options: SummaryOptions,
): Promise<void> {
  const { signal, bins } = options;
  const { model: tapped, taps } = tapModel(model, names, bins);
  const session = await openModel(runtime, tapped);
  try {
    const batchSize = options.batchSize ?? batchSizeFor(dataset);
    const feeder = feederFor(session, dataset, { ...options, batchSize });
    let done = 0;
    let before: Promise<void> = Promise.resolve();
    const summarize = async (batch: Batch): Promise<void> => {
      const outputs = await session.summarize(feeder.feeds(batch), session.outputs, bins, signal);
      options.onBatch(summariesOf(taps, outputs));
      done += batch.dims[0];
      options.progress?.(done, dataset.samples);
    };
    for await (const batch of dataset.batches(feeder.batchSize, signal)) {
      // The runtime has the next batch at hand when it is done with one.
      const current = summarize(batch);
      current.catch(() => undefined);
      await before;
      before = current;
    }
    await before;
  } finally {
    await session.close();
  }
}

/** Few samples at a time: the same speed as many, and a fraction of the memory. */
function batchSizeFor({ sampleDims }: Dataset): number {
  const sampleBytes = 4 * sampleDims.reduce((product, dim) => product * dim, 1);
  return Math.min(16, Math.ceil(batchBytes / sampleBytes));
}

const batchBytes = 2 ** 20;

/** The extremes are those of all elements, whichever the histogram looked at. */
function summariesOf(
  taps: ReadonlyMap<string, Tap>,
  outputs: Readonly<Record<string, Summary>>,
): Record<string, Summary> {
  return Object.fromEntries(
    [...taps].map(([name, { min, max, picked }]) => [
      name,
      {
        min: min === undefined ? 0 : outputs[min].min,
        max: outputs[max].max,
        histogram: picked === undefined ? undefined : outputs[picked].histogram,
      },
    ]),
  );
}
