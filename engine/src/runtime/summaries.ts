/**
 * Streams what calibration needs of intermediate values: ranges and histograms, taken in the child
 * process, so that the values themselves never leave it.
 */

import type { Dataset } from '../data/dataset';
import type { Model } from '../ir/model';
import { exposeOutputs } from './expose-outputs';
import { feederFor, type FeedOptions } from './feeds';
import { summarize, type Summary } from './histogram';
import { openModel } from './open-model';
import type { Feeds, Runtime } from './runtime';

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
  const inputs = new Set(model.graph?.input.map(({ name }) => name));
  const taps = [...new Set(names)].filter((name) => !inputs.has(name));
  const fed = [...new Set(names)].filter((name) => inputs.has(name));
  const session = await openModel(runtime, exposeOutputs(model, taps));
  try {
    const feeder = feederFor(session, dataset, options);
    let done = 0;
    for await (const batch of dataset.batches(feeder.batchSize, signal)) {
      const feeds = feeder.feeds(batch);
      const made = await session.summarize(feeds, taps, bins, signal);
      options.onBatch({ ...summariesOf(feeds, fed, bins), ...made });
      done += batch.dims[0];
      options.progress?.(done, dataset.samples);
    }
  } finally {
    await session.close();
  }
}

function summariesOf(
  feeds: Feeds,
  names: readonly string[],
  bins: boolean,
): Record<string, Summary> {
  return Object.fromEntries(
    names.map((name) => {
      const { data } = feeds[name];
      const values = data instanceof Float32Array ? data : Float32Array.from(data, Number);
      return [name, summarize(values, bins)];
    }),
  );
}
