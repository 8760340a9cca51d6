/** Calibration samples in chunks that fit the memory, with what the original gives for them. */

import type { Batch, Dataset } from '../../../data/dataset';
import type { Model } from '../../../ir/model';
import { feederFor, type Feeder } from '../../../runtime/feeds';
import type { Lanes } from '../../../runtime/lanes';
import { openModel } from '../../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime } from '../../../runtime/runtime';
import { correctIn, type Truth } from './outcome';

/** Values of a model for the samples of one batch. */
export interface FedBatch {
  readonly feeds: Feeds;
  readonly truth: Truth;
  /** How many samples lie before it. */
  readonly first: number;
}

/** Few enough that the values of a layer stay in the cache, and that lanes finish together. */
const batchSize = 16;

export class Batches {
  private constructor(
    private readonly data: Dataset,
    private readonly feeder: Feeder,
    private readonly chunkSize: number,
    /** Of all batches, in order. */
    readonly truths: readonly Truth[],
  ) {}

  /**
   * Runs the original over the data.
   *
   * @param chunkSize samples whose values may be held at once.
   * @param labelOffset class k is output k + `labelOffset`; where it is absent, 0, or 1 where that
   * makes the original right far more often.
   */
  static async open(
    original: Model,
    data: Dataset,
    chunkSize: number,
    { runtime, lanes, signal, labelOffset }: BatchesContext,
  ): Promise<Batches> {
    const session = await openModel(runtime, original);
    const feeder = feederFor(session, data, { batchSize });
    await session.close();
    const output = original.graph!.output[0].name!;
    const outputs: NamedTensor[] = [];
    const batches: Batch[] = [];
    const all = new Batches(data, feeder, chunkSize, []);
    for await (const chunk of all.fed(signal)) {
      const from = outputs.length;
      await lanes.run(
        original,
        chunk.map(({ feeds }, i) => async (lane) => {
          outputs[from + i] = (await lane.run(feeds, [output], signal))[output];
        }),
        { keepQuantizers: true },
      );
      batches.push(...chunk.map(({ batch }) => batch));
    }
    const truths = truthsOf(outputs, batches, labelOffset);
    return new Batches(data, feeder, chunkSize, truths);
  }

  get samples(): number {
    return this.data.samples;
  }

  /** Top-1 of the original; null without labels. */
  get original(): number | null {
    if (!this.truths.every(({ classes }) => classes)) return null;
    const correct = this.truths.reduce((sum, truth) => sum + correctIn(truth, truth.output), 0);
    return correct / this.samples;
  }

  async *chunks(signal: AbortSignal): AsyncGenerator<FedBatch[]> {
    let at = 0;
    let first = 0;
    for await (const chunk of this.fed(signal)) {
      yield chunk.map(({ feeds, batch }) => {
        const fed = { feeds, truth: this.truths[at++], first };
        first += batch.dims[0];
        return fed;
      });
    }
  }

  private async *fed(signal: AbortSignal): AsyncGenerator<{ feeds: Feeds; batch: Batch }[]> {
    const { batchSize } = this.feeder;
    const size = Math.max(1, Math.floor(this.chunkSize / batchSize));
    let chunk: { feeds: Feeds; batch: Batch }[] = [];
    for await (const batch of this.data.batches(batchSize, signal)) {
      chunk.push({ feeds: this.feeder.feeds(batch), batch });
      if (chunk.length < size) continue;
      yield chunk;
      chunk = [];
    }
    if (chunk.length > 0) yield chunk;
  }
}

export interface BatchesContext {
  readonly runtime: Runtime;
  readonly lanes: Lanes;
  readonly signal: AbortSignal;
  readonly labelOffset?: number;
}

function truthsOf(
  outputs: readonly NamedTensor[],
  batches: readonly Batch[],
  labelOffset: number | undefined,
): Truth[] {
  const truths = outputs.map(({ data, dims }, i): Truth => {
    const samples = batches[i].dims[0];
    const used = dims[0] > samples ? (data.length / dims[0]) * samples : data.length;
    return { output: Float32Array.from(data.subarray(0, used) as Float32Array), samples };
  });
  const isScores = outputs.every(
    ({ dims }) => dims.length >= 2 && dims[1] > 1 && dims.slice(2).every((dim) => dim === 1),
  );
  if (!isScores || !batches.every(({ labels }) => labels)) return truths;
  const shifted = (offset: number): Truth[] =>
    truths.map((truth, i) => ({
      ...truth,
      classes: batches[i].labels!.map((label) => label + offset),
    }));
  if (labelOffset !== undefined) return shifted(labelOffset);
  const correct = (each: readonly Truth[]): number =>
    each.reduce((sum, truth) => sum + correctIn(truth, truth.output), 0);
  const [usual, other] = [shifted(0), shifted(1)];
  return correct(other) > 2 * correct(usual) ? other : usual;
}
