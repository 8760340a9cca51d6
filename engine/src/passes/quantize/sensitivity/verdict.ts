/** Whether a layer takes a width, and what stands in the way where it does not. */

import type { WidthSensitivity } from '#protocol/sensitivity';
import { dimsOf, floats } from '../../../ir/tensor';
import { decodedWeight, type QuantizedLayer } from '../blueprint';
import { scaleIndices } from '../grid';
import { sqnr } from './outcome';
import type { ReadStatistics } from './read-statistics';

/**
 * The output's signal to noise in dB with only this layer quantized. Noises of layers add up, so a
 * network of fifty layers that all are just good keeps about 18 dB, where few classifiers change
 * their mind; a layer below the second limit does that much harm alone.
 */
export const limits = { good: 35, fair: 20 } as const;

/** A channel spoils the grid when it reaches so many times as far as the one in the middle. */
const outlier = 8;

export function verdictOf(sqnrDb: number | null): WidthSensitivity['verdict'] {
  if (sqnrDb === null || sqnrDb >= limits.good) return 'good';
  return sqnrDb >= limits.fair ? 'fair' : 'bad';
}

export interface Evidence {
  readonly layer: QuantizedLayer;
  readonly read: ReadStatistics;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly isDepthwise: boolean;
  readonly weightSqnrDb: number | null;
  readonly activationSqnrDb: number | null;
  /** Noise of the output from its weight alone and from what it reads alone. */
  readonly weightsDb: number | null;
  readonly activationsDb: number | null;
}

/** In words, most telling first. */
export function reasonFor(evidence: Evidence): string {
  const { isFirst, isLast, isDepthwise, weightsDb, activationsDb } = evidence;
  const fromWeight = (weightsDb ?? Infinity) <= (activationsDb ?? Infinity);
  const source = fromWeight ? weightReason(evidence) : inputReason(evidence);
  const more = [
    isDepthwise && 'it is depthwise, so each output rests on few weights',
    isFirst && 'it is the first layer, whose error all others amplify',
    isLast && 'it is the last layer, behind which nothing evens errors out',
  ];
  return [source, ...more].filter(Boolean).join('; ');
}

function weightReason({ layer, weightSqnrDb }: Evidence): string {
  const { grid } = layer.weight;
  const dims = dimsOf(layer.site.weight);
  const values = floats(layer.site.weight);
  const decoded = decodedWeight(layer);
  const { axis } = layer.site;
  if (grid.axis === undefined) {
    const found = farthest(extents(values, dims, axis));
    if (found) {
      return `output channel ${found.at} of its weight reaches ${times(found.ratio)} as far as the one in the middle, and all share one scale`;
    }
  }
  const noises = byChannel(values, decoded, dims, axis);
  const worst = noises.indexOf(Math.min(...noises));
  return `its weight is rounded to ${decibels(weightSqnrDb)}, output channel ${worst} to ${decibels(noises[worst])}`;
}

function inputReason({ read, activationSqnrDb }: Evidence): string {
  const found = farthest(read.extents);
  if (found) {
    return `channel ${found.at} of what it reads reaches ${number(found.reach)}, ${times(found.ratio)} as far as the one in the middle, and all share one scale`;
  }
  return `what it reads is rounded to ${decibels(activationSqnrDb)}`;
}

/** The channel that reaches farthest, where it is far beyond the middle. */
function farthest(
  reach: readonly number[],
): { at: number; reach: number; ratio: number } | undefined {
  const middle = [...reach].sort((a, b) => a - b)[reach.length >> 1];
  const most = Math.max(...reach);
  const ratio = most / middle;
  return middle > 0 && ratio >= outlier
    ? { at: reach.indexOf(most), reach: most, ratio }
    : undefined;
}

/** Largest magnitude of each channel. */
function extents(values: Float32Array, dims: readonly number[], axis: number): number[] {
  const { block, count } = scaleIndices(dims, axis);
  const most = new Array<number>(count).fill(0);
  values.forEach((value, at) => {
    const c = Math.floor(at / block) % count;
    most[c] = Math.max(most[c], Math.abs(value));
  });
  return most;
}

/** Signal to noise of each output channel in dB. */
function byChannel(
  values: Float32Array,
  decoded: Float32Array,
  dims: readonly number[],
  axis: number,
): number[] {
  const { block, count } = scaleIndices(dims, axis);
  const [signal, noise] = [new Float64Array(count), new Float64Array(count)];
  for (let start = 0, c = 0; start < values.length; start += block, c = (c + 1) % count) {
    for (let at = start; at < start + block; at++) {
      signal[c] += values[at] ** 2;
      noise[c] += (values[at] - decoded[at]) ** 2;
    }
  }
  return Array.from(signal, (each, c) => sqnr(each, noise[c]) ?? Infinity);
}

function decibels(value: number | null): string {
  return value === null ? 'itself' : `${value.toFixed(0)} dB`;
}

function times(ratio: number): string {
  return `${ratio < 100 ? ratio.toFixed(0) : ratio.toPrecision(1)} times`;
}

function number(value: number): string {
  return value.toPrecision(3);
}
