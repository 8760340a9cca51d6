/** Test support: models quantized on a few random samples. */

import { basename } from 'node:path';
import { datasetInMemory } from '../../../data/memory-data';
import { exampleShapes } from '../../../inspect/sized-types';
import type { Model } from '../../../ir/model';
import { seededRandom } from '../../../linalg/random';
import { sharedModels } from '../../../onnx/testing/shared-models';
import { exampleFeeds } from '../../../runtime/feeds';
import { openModel } from '../../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime, SessionOptions } from '../../../runtime/runtime';
import type { PassContext } from '../../pass';
import type { Blueprint } from '../blueprint';
import type { Calibration } from '../calibrate';
import { drawUp, survey, type Survey, type Types } from '../draft';
import { quantizeOptions } from '../options';
import type { Placement } from '../placement';
import { prepare } from '../prepare';

export interface Sample {
  readonly prepared: Model;
  readonly blueprint: Blueprint;
  readonly placement: Placement;
  /** With the data that it is calibrated on. */
  readonly context: Calibration & PassContext;
}

/** The blueprint of a model of one input, calibrated on random values. */
export async function blueprintOf(
  runtime: Runtime,
  model: Model,
  options: Readonly<Record<string, unknown>> = {},
  typesOf?: (surveyed: Survey) => Types,
): Promise<Sample> {
  const context = {
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
    runtime,
  };
  const prepared = await prepare(model, context);
  const [[, [, ...sampleDims]]] = Object.entries(exampleShapes(prepared));
  const random = seededRandom(5);
  const size = sampleDims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: 4 * size }, () => random.normal());
  const calibration = datasetInMemory({ name: 'random', sampleDims, data });
  const given = quantizeOptions.parse({ reduce_range: 'never', ...options });
  const calibrated = { ...context, calibration };
  const surveyed = await survey(prepared, given, calibrated);
  const blueprint = drawUp(surveyed, given, typesOf?.(surveyed));
  return { prepared, blueprint, placement: surveyed.placement, context: calibrated };
}

export async function feedsOf(runtime: Runtime, model: Model): Promise<Feeds> {
  const session = await openModel(runtime, model, { optimize: 'none', threads: 1 });
  const feeds = exampleFeeds(session, seededRandom(1), {}, exampleShapes(model));
  await session.close();
  return feeds;
}

export async function outputsOf(
  runtime: Runtime,
  model: Model,
  feeds: Feeds,
  options: SessionOptions = {},
): Promise<Record<string, NamedTensor>> {
  const session = await openModel(runtime, model, { threads: 2, ...options });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** Names and paths of float models whose one input is made of floats. */
export const floatModels: readonly (readonly [string, string])[] = sharedModels
  .filter((path) => !/qdq|light|silero|extdata/.test(path))
  .map((path) => [basename(path, '.onnx'), path] as const);
