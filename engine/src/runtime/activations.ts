/**
 * Streams intermediate values of a model over a dataset. Accumulators see one batch at a time, so
 * that memory does not grow with the number of samples.
 */

import type { Batch, Dataset } from '../data/dataset';
import type { Model } from '../ir/model';
import { exposeOutputs } from './expose-outputs';
import { feederFor, type FeedOptions } from './feeds';
import { openModel } from './open-model';
import type { Feeds, NamedTensor, Runtime, Session } from './runtime';

export interface ActivationOptions extends FeedOptions {
  readonly signal?: AbortSignal;
  /** What the values of one call may take in bytes. Default: 256 MiB. */
  readonly budget?: number;
  /** How messages call the model. */
  readonly label?: string;
  /** Called after every batch with the samples done. */
  progress?(done: number, total: number): void;
}

/** Values by name; each covers exactly the samples of the batch where its first dimension counts them. */
export type Activations = Readonly<Record<string, NamedTensor>>;

const defaultBudget = 256 * 2 ** 20;

/**
 * Runs the model over the dataset and hands over the named values: outputs of nodes of the main graph,
 * or inputs of the model. Where the values of one batch exceed the budget, the batch is run several
 * times and `onBatch` is called for one part of the names after the other, in the order given; a
 * value that alone exceeds it makes the batches smaller.
 *
 * @throws CoppiceError `unknown-value`, `feeds`, or what the runtime says of the model.
 */
export async function streamActivations(
  runtime: Runtime,
  model: Model,
  dataset: Dataset,
  names: readonly string[],
  options: ActivationOptions,
  onBatch: (activations: Activations, batch: Batch) => void | Promise<void>,
): Promise<void> {
  const inputs = new Set(model.graph?.input.map((input) => input.name));
  const taps = [...new Set(names)].filter((name) => !inputs.has(name));
  const { label } = options;
  const session = await openModel(runtime, exposeOutputs(model, taps), { label });
  try {
    const feeder = feederFor(session, dataset, options);
    const plan = await planRuns(session, dataset, taps, options);
    const fromFeeds = names.filter((name) => inputs.has(name));
    const size = feeder.isFixed ? feeder.batchSize : Math.min(feeder.batchSize, plan.mostSamples);
    let done = 0;
    for await (const batch of dataset.batches(size, options.signal)) {
      const feeds = feeder.feeds(batch);
      for (const [i, part] of plan.parts(size).entries()) {
        const made = part.length > 0 ? await session.run(feeds, part, options.signal) : {};
        const fed = i === 0 ? pick(feeds, fromFeeds) : {};
        await onBatch(cut({ ...fed, ...made }, batch.dims[0], feeder.batchSize), batch);
      }
      done += batch.dims[0];
      options.progress?.(done, dataset.samples);
    }
  } finally {
    await session.close();
  }
}

interface RunPlan {
  /** Samples of which the largest value fits the budget. */
  readonly mostSamples: number;
  /** Names that fit the budget together, with so many samples in a run. */
  parts(samples: number): string[][];
}

/** Finds the size of each value by one run on the first samples. */
async function planRuns(
  session: Session,
  dataset: Dataset,
  taps: readonly string[],
  options: ActivationOptions,
): Promise<RunPlan> {
  const budget = options.budget ?? defaultBudget;
  const feeder = feederFor(session, dataset, { ...options, batchSize: 1 });
  const sizes = new Map<string, number>();
  for await (const batch of dataset.batches(feeder.batchSize, options.signal)) {
    const values = await session.run(feeder.feeds(batch), taps, options.signal);
    for (const name of taps) {
      sizes.set(name, values[name].data.byteLength / feeder.batchSize);
    }
    break;
  }
  const largest = Math.max(1, ...sizes.values());
  const parts = (samples: number): string[][] => {
    const result: string[][] = [[]];
    let bytes = 0;
    for (const name of taps) {
      const more = sizes.get(name)! * samples;
      if (bytes > 0 && bytes + more > budget) {
        result.push([]);
        bytes = 0;
      }
      result.at(-1)!.push(name);
      bytes += more;
    }
    return result;
  };
  return { mostSamples: Math.max(1, Math.floor(budget / largest)), parts };
}

function pick(feeds: Feeds, names: readonly string[]): Record<string, NamedTensor> {
  return Object.fromEntries(names.flatMap((name) => (feeds[name] ? [[name, feeds[name]]] : [])));
}

/** Drops what belongs to the samples that only filled up a fixed batch. */
function cut(values: Activations, samples: number, batchSize: number): Activations {
  return Object.fromEntries(
    Object.entries(values).map(([name, tensor]) => {
      const [rows, ...rest] = tensor.dims;
      if (rows !== batchSize || rows <= samples) return [name, tensor];
      const data = tensor.data.subarray(0, (tensor.data.length / rows) * samples);
      return [name, { ...tensor, dims: [samples, ...rest], data }];
    }),
  );
}
