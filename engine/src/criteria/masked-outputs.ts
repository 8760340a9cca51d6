/**
 * What the model's outputs suffer when units are held at their mean, one after the other: an ablation
 * on calibration images. The mean is what recovery restores after a cut, so holding a unit there says
 * more of a cut than setting it to zero does.
 *
 * The work is bounded by multiply-accumulates, not by time, so that the same model and data always
 * get the same treatment: first fewer images, then several units at once, units of like variance
 * together, which share what the output suffers in proportion to their variance.
 */

import type { ChannelGroup } from '../channels/group';
import type { Model } from '../ir/model';
import { Excerpt } from '../runtime/excerpt';
import { feederFor } from '../runtime/feeds';
import { openModel } from '../runtime/open-model';
import type { Feeds, NamedTensor, Session } from '../runtime/runtime';
import { channelMoments, type ChannelMoments } from './channel-moments';
import type { Observation } from './criterion';
import { maskedModel, maskFeeds, type MaskedModel } from './masked-model';

/** Multiply-accumulates of all masked runs together. */
const workBudget = 2.5e11;

/** Fewer images than this say too little: units are masked together instead. */
const fewestImages = 8;
const mostImages = 64;

/** Samples that were run together; the outputs are those that hold floats. */
export interface Outcome {
  /** A batch of fixed size may be filled up with more rows than these. */
  readonly samples: number;
  readonly feeds: Feeds;
  readonly outputs: Readonly<Record<string, NamedTensor>>;
  readonly labels?: Int32Array;
}

/** How much worse an output is than the original's, summed over the samples of one outcome. */
export type Harm = (output: string, masked: NamedTensor, original: Outcome) => number;

/**
 * The mean harm over images and the sum over outputs, for each unit of each group.
 *
 * @param harmOn sees the original's outputs on all images before any masked ones.
 */
export async function measureMasked(
  groups: readonly ChannelGroup[],
  observation: Observation,
  harmOn: (original: readonly Outcome[]) => Harm,
): Promise<Float64Array[]> {
  const { analysis, calibration, seed, signal, progress } = observation;
  const masked = groups.map((group) => maskedModel(group, analysis));
  const { images, together } = planWork(masked, calibration.samples);
  const moments = await momentsOf(masked, observation);
  const few = { ...observation, calibration: calibration.sample(images, seed) };
  const original = await outcomes(few);
  const harm = harmOn(original);
  const whole = masked.reduce((sum, { group }) => sum + group.units, 0);
  const scores: Float64Array[] = [];
  let done = 0;
  for (const each of masked) {
    signal.throwIfAborted();
    const weights = variances(each, moments);
    const blocks = blocksOf(weights, together);
    const totals = await harmOfBlocks(each, blocks, moments, original, harm, observation);
    scores.push(sharedOut(blocks, totals, weights).map((score) => score / images));
    done += each.group.units;
    progress(done / whole);
  }
  return scores;
}

function planWork(masked: readonly MaskedModel[], samples: number) {
  const perImage = masked.reduce((sum, { group, macs }) => sum + group.units * macs, 0);
  const affordable = Math.floor(workBudget / Math.max(1, perImage));
  const images = Math.min(samples, mostImages, Math.max(fewestImages, affordable));
  return { images, together: Math.max(1, Math.ceil((images * perImage) / workBudget)) };
}

/** The means at which channels are held and their variances, from all of the calibration data. */
function momentsOf(
  masked: readonly MaskedModel[],
  observation: Observation,
): Promise<ReadonlyMap<string, ChannelMoments>> {
  const values = masked.flatMap(({ points }) => points);
  const different = [...new Map(values.map((each) => [each.value, each])).values()];
  return channelMoments(different, observation);
}

async function outcomes({
  analysis,
  runtime,
  calibration,
  signal,
}: Observation): Promise<Outcome[]> {
  const session = await openModel(runtime, analysis.model);
  const found: Outcome[] = [];
  try {
    const feeder = feederFor(session, calibration);
    for await (const batch of calibration.batches(feeder.batchSize, signal)) {
      const feeds = feeder.feeds(batch);
      const results = Object.entries(await session.run(feeds, undefined, signal));
      const outputs = results.filter(([, { type }]) => type === 'float');
      found.push({
        samples: batch.dims[0],
        feeds,
        outputs: Object.fromEntries(outputs),
        labels: batch.labels,
      });
    }
  } finally {
    await session.close();
  }
  return found;
}

/** For each unit the variance of its channels, over all places where they are read. */
function variances(
  { group, points }: MaskedModel,
  moments: ReadonlyMap<string, ChannelMoments>,
): Float64Array {
  const sums = new Float64Array(group.units);
  for (const { value, units } of points) {
    const { covariance, channels } = moments.get(value)!;
    units.forEach((unit, i) => unit >= 0 && (sums[unit] += covariance[i * (channels + 1)]));
  }
  return sums;
}

function blocksOf(weights: Float64Array, size: number): number[][] {
  const order = [...weights.keys()].sort((a, b) => weights[a] - weights[b] || a - b);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) =>
    order.slice(i * size, (i + 1) * size),
  );
}

async function harmOfBlocks(
  { points, model, frontier, outputs }: MaskedModel,
  blocks: readonly (readonly number[])[],
  moments: ReadonlyMap<string, ChannelMoments>,
  original: readonly Outcome[],
  harm: Harm,
  { analysis, runtime, signal }: Observation,
): Promise<Float64Array> {
  const totals = new Float64Array(blocks.length);
  const missing = frontier.filter((name) => !(name in original[0].feeds));
  const ahead = await openModel(runtime, new Excerpt(analysis.model).build(missing));
  let behind: Session | undefined;
  try {
    for (const outcome of original) {
      const found = missing.length > 0 ? await ahead.run(outcome.feeds, missing, signal) : {};
      const values = Object.fromEntries(
        frontier.map((name) => [name, found[name] ?? outcome.feeds[name]]),
      );
      behind ??= await openModel(runtime, excerptFrom(model, values, outputs));
      for (const [i, units] of blocks.entries()) {
        const feeds = { ...values, ...maskFeeds(points, units, moments) };
        const results = await behind.run(feeds, outputs, signal);
        for (const name of outputs) {
          if (name in outcome.outputs) totals[i] += harm(name, results[name], outcome);
        }
      }
    }
  } finally {
    await behind?.close();
    await ahead.close();
  }
  return totals;
}

function excerptFrom(model: Model, values: Feeds, outputs: readonly string[]): Model {
  const excerpt = new Excerpt(model);
  excerpt.feed(values);
  return excerpt.build(outputs);
}

/** Each unit's share of what its block suffered. */
function sharedOut(
  blocks: readonly (readonly number[])[],
  totals: Float64Array,
  weights: Float64Array,
): Float64Array {
  const scores = new Float64Array(weights.length);
  blocks.forEach((units, i) => {
    const whole = units.reduce((sum, unit) => sum + weights[unit], 0);
    for (const unit of units) {
      scores[unit] = totals[i] * (whole > 0 ? weights[unit] / whole : 1 / units.length);
    }
  });
  return scores;
}
