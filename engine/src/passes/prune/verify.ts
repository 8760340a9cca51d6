/** The proof of a cut: the original with the removed channels masked gives what the cut model gives. */

import type { ChannelAnalysis } from '../../channels/analyze';
import { maskChannels } from '../../channels/mask';
import type { Dataset } from '../../data/dataset';
import { exampleShapes } from '../../inspect/sized-types';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { exampleFeeds, feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime, Session } from '../../runtime/runtime';
import type { MaskedError } from '../pass';

export interface ComparisonContext {
  readonly runtime?: Runtime;
  readonly calibration?: Dataset;
  readonly signal: AbortSignal;
  readonly seed: number;
}

/**
 * Outputs smaller than this are compared with it. What a saturated sigmoid gives, 1e-7 and the like,
 * is as large as the rounding of what it is computed from, and would say nothing relative to itself.
 */
const smallest = 0.01;

/**
 * The largest difference between the masked original and the cut model on one random sample, or on the
 * first of the data where there are several inputs, which random values may not suit: tokens and their
 * mask, for example. Undefined without a runtime. Where a cut changes a statistic, the mask takes it over the kept
 * channels alone, so the two must agree there as well.
 */
export async function compareMasked(
  analysis: ChannelAnalysis,
  cut: Model,
  cuts: ReadonlyMap<string, readonly number[]>,
  { runtime, calibration, signal, seed }: ComparisonContext,
): Promise<MaskedError | undefined> {
  if (!runtime) return undefined;
  const shapes = exampleShapes(analysis.model);
  const feedsOf = (session: Session): Promise<Feeds> | Feeds =>
    calibration?.input === undefined
      ? exampleFeeds(session, seededRandom(seed), {}, shapes)
      : firstFeeds(session, calibration, signal);
  const masked = maskChannels(analysis, cuts);
  const expected = await runOnce(runtime, masked, feedsOf, signal);
  const actual = await runOnce(runtime, cut, feedsOf, signal);
  let absolute = 0;
  let largest = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const other = actual[name].data;
    for (let i = 0; i < data.length; i++) {
      absolute = Math.max(absolute, Math.abs(Number(data[i]) - Number(other[i])));
      largest = Math.max(largest, Math.abs(Number(data[i])));
    }
  }
  return { absolute, relative: absolute / Math.max(largest, smallest) };
}

async function runOnce(
  runtime: Runtime,
  model: Model,
  feedsOf: (session: Session) => Promise<Feeds> | Feeds,
  signal: AbortSignal,
): Promise<Record<string, NamedTensor>> {
  // Fused integer kernels round differently for different sizes, which says nothing about the cut.
  const session = await openModel(runtime, model, { optimize: 'none' });
  try {
    return await session.run(await feedsOf(session), undefined, signal);
  } finally {
    await session.close();
  }
}

async function firstFeeds(session: Session, data: Dataset, signal: AbortSignal): Promise<Feeds> {
  const feeder = feederFor(session, data, { batchSize: 1 });
  for await (const batch of data.batches(feeder.batchSize, signal)) return feeder.feeds(batch);
  return {};
}
