/** Test support: random data for tiny models, and what a criterion measures on it. */

import { analyzeChannels, type ChannelAnalysis } from '../../channels/analyze';
import type { Dataset } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { streamActivations } from '../../runtime/activations';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import type { ScoringOptions } from '../context';
import { criteria } from '../index';
import { scoreGroups } from '../score';

/** Normally distributed samples, with labels from 0 to `classes` − 1. */
export function randomData(sampleDims: readonly number[], samples: number, classes = 2): Dataset {
  const random = seededRandom(7);
  const size = sampleDims.reduce((a, b) => a * b, 1);
  return datasetInMemory({
    name: 'random samples',
    data: Float32Array.from({ length: samples * size }, random.normal),
    sampleDims,
    labels: Int32Array.from({ length: samples }, () => random.integer(classes)),
  });
}

/** The same samples, but in batches of at most `most`. */
export function inBatchesOf(data: Dataset, most: number): Dataset {
  return {
    ...data,
    batches: (size, signal) => data.batches(Math.min(size, most), signal),
    sample: (count, seed) => inBatchesOf(data.sample(count, seed), most),
  };
}

export interface Measured {
  readonly analysis: ChannelAnalysis;
  /** By group id. */
  readonly scores: Readonly<Record<string, number[]>>;
  readonly refused: Readonly<Record<string, string>>;
}

/** What a criterion gives for the groups that are not pinned. */
export async function measured(
  id: string,
  model: Model,
  calibration: Dataset,
  runtime: Runtime,
  options: ScoringOptions = {},
): Promise<Measured> {
  const analysis = analyzeChannels(model);
  const criterion = criteria.find((each) => each.id === id)!;
  const { signal } = new AbortController();
  const groups = analysis.groups.filter(({ pinned }) => !pinned);
  const { scores, refused } = await scoreGroups(analysis, groups, criterion, options, {
    runtime,
    calibration,
    signal,
    progress: () => undefined,
  });
  return {
    analysis,
    scores: Object.fromEntries([...scores].map(([{ id: group }, each]) => [group, [...each]])),
    refused: Object.fromEntries([...refused].map(([{ id: group }, reason]) => [group, reason])),
  };
}

/** Values of a model on all samples at once. */
export async function valuesOf(
  model: Model,
  data: Dataset,
  names: readonly string[],
  runtime: Runtime,
): Promise<Readonly<Record<string, NamedTensor>>> {
  const all: Record<string, NamedTensor> = {};
  await streamActivations(
    runtime,
    model,
    data,
    names,
    { batchSize: data.samples },
    (activations) => void Object.assign(all, activations),
  );
  return all;
}
