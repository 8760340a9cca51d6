/**
 * Criteria that judge a channel by its feature maps one by one: the mean over images of some number
 * that each map gives, read where the channels have been activated. Images are streamed; what is kept
 * is one sum for each channel.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import type { Dataset } from '../data/dataset';
import { streamActivations } from '../runtime/activations';
import type { NamedTensor } from '../runtime/runtime';
import type { CriterionContext, Observation } from './criterion';
import { combine } from './slices';
import { tapsOf, type Tap } from './taps';

/** A number for the height × width map that begins at `from`, row-major. */
export type MapScore = (
  data: ArrayLike<number>,
  from: number,
  height: number,
  width: number,
) => number;

export interface MapMeasure {
  readonly score: MapScore;
  /** Multiplications that the score of one map takes, where they are what takes time. */
  readonly work?: (height: number, width: number) => number;
}

/**
 * Multiplications that the scores of all maps may take, about half a minute's: beyond it fewer images
 * are looked at, the first ones of a seeded shuffle.
 */
const workBudget = 2e10;

/** Why maps say nothing about a group. */
export function withoutMaps(group: ChannelGroup, analysis: ChannelAnalysis): string | undefined {
  if (tapsOf(group, analysis).length > 0) return undefined;
  return 'No value of the main graph shows its channels apart from the samples, so there are no feature maps to judge by.';
}

/** The mean of a measure over images, for each unit the sum over its channels, taps by the policy. */
export async function measureMaps(
  groups: readonly ChannelGroup[],
  context: CriterionContext,
  observation: Observation,
  measure: MapMeasure,
): Promise<Float64Array[]> {
  const { analysis, runtime, signal, progress } = observation;
  const tapsByGroup = groups.map((group) => tapsOf(group, analysis));
  const taps = new Map(tapsByGroup.flat().map((tap) => [tap.value, tap]));
  const sums = new Map<string, Float64Array>();
  const data = await affordable(taps, observation, measure);
  await streamActivations(
    runtime,
    analysis.model,
    data,
    [...taps.keys()],
    { signal, progress: (done, total) => progress(done / total) },
    (activations, batch) => {
      for (const [value, tensor] of Object.entries(activations)) {
        signal.throwIfAborted();
        const maps = mapsOf(tensor, taps.get(value)!.axis, batch.dims[0]);
        const sum = sums.get(value) ?? new Float64Array(maps.channels);
        sums.set(value, sum);
        addScores(sum, maps, measure.score);
      }
    },
  );
  return groups.map((group, i) =>
    combine(
      group,
      context,
      tapsByGroup[i].map((tap) => {
        const means = sums.get(tap.value)!.map((sum) => sum / data.samples);
        return ofUnits(group, tap, means);
      }),
    ),
  );
}

/** The calibration data, or as much of it as the budget allows; one sample tells what a map costs. */
async function affordable(
  taps: ReadonlyMap<string, Tap>,
  { analysis, runtime, calibration, signal, seed }: Observation,
  { work }: MapMeasure,
): Promise<Dataset> {
  if (!work) return calibration;
  let perImage = 0;
  await streamActivations(
    runtime,
    analysis.model,
    calibration.sample(1, seed),
    [...taps.keys()],
    { signal },
    (activations, batch) => {
      for (const [value, tensor] of Object.entries(activations)) {
        const maps = mapsOf(tensor, taps.get(value)!.axis, batch.dims[0]);
        perImage += maps.channels * work(maps.height, maps.width);
      }
    },
  );
  const images = Math.max(1, Math.floor(workBudget / perImage));
  return images < calibration.samples ? calibration.sample(images, seed) : calibration;
}

/**
 * A tensor as samples × outer × channels × inner. The map of a channel has the first dimension that
 * is neither samples nor channels as its height and the others as its width.
 */
export interface Maps {
  readonly data: ArrayLike<number>;
  readonly samples: number;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly height: number;
  readonly width: number;
}

export function mapsOf({ data, dims }: NamedTensor, axis: number, samples: number): Maps {
  const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
  // Values that fold positions into the first dimension still hold whole samples one after the other.
  const folded = dims[0] / samples;
  const before = [...(folded > 1 ? [folded] : []), ...dims.slice(1, axis)];
  const after = dims.slice(axis + 1);
  const [height = 1, ...rest] = [...before, ...after];
  return {
    data: data as ArrayLike<number>,
    samples,
    outer: product(before),
    channels: dims[axis],
    inner: product(after),
    height,
    width: product(rest),
  };
}

function addScores(sums: Float64Array, maps: Maps, score: MapScore): void {
  const { data, samples, outer, channels, inner, height, width } = maps;
  const buffer = new Float64Array(outer > 1 ? outer * inner : 0);
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      if (outer === 1) {
        sums[channel] += score(data, (sample * channels + channel) * inner, height, width);
      } else {
        copyMap(maps, sample, channel, buffer, 0);
        sums[channel] += score(buffer, 0, height, width);
      }
    }
  }
}

/** Writes the height × width values of a map to a place of their own. */
export function copyMap(
  { data, outer, channels, inner }: Maps,
  sample: number,
  channel: number,
  target: Float32Array | Float64Array,
  at: number,
): void {
  for (let o = 0, to = at; o < outer; o++) {
    const row = ((sample * outer + o) * channels + channel) * inner;
    for (let i = 0; i < inner; i++, to++) target[to] = data[row + i];
  }
}

/** The sum over each unit's channels, NaN for units that the tap does not hold. */
export function ofUnits(
  group: ChannelGroup,
  { units }: Tap,
  channels: ArrayLike<number>,
): Float64Array {
  const scores = new Float64Array(group.units).fill(NaN);
  units.forEach((unit, channel) => {
    if (unit < 0) return;
    scores[unit] = (Number.isNaN(scores[unit]) ? 0 : scores[unit]) + channels[channel];
  });
  return scores;
}
