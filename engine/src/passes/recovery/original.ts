/**
 * What the original gives at sampled positions of every value that will be compared, read in one run.
 */

import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { seededRandom, type Random } from '../../linalg/random';
import { Excerpt } from '../../runtime/excerpt';
import { openModel } from '../../runtime/open-model';
import { windowOf, type Window } from '../../runtime/patches';
import type { Feeds, NamedTensor, Runtime } from '../../runtime/runtime';
import type { CorrectableLayer } from './correctable';
import { constantOf } from './constants';
import { featuresOf, type Joint } from './joints';
import { indexTensor, originalProbe } from './probe';
import type { CalibrationBatches } from './samples';
import { weightLayout } from './weight-layout';

/**
 * The indices of an axis of a constant of the original that a cut kept, by the constant's name;
 * undefined: all.
 */
export type Kept = (tensor: string, axis: number) => readonly number[] | undefined;

/** One compared value in one batch. */
export interface Sample {
  /** Flat positions of the value, the same for every sample of the batch. */
  readonly positions: Int32Array;
  /** The original's values there, without the channels that were cut. */
  readonly target: NamedTensor;
}

/** Where a compared value is sampled. */
export interface Site {
  readonly joint: Joint;
  readonly isDense: boolean;
  /** How each term's convolution reads its input; undefined for dense layers. */
  readonly windows: readonly (Window | undefined)[];
  /** Channels of the value in the original. */
  readonly originalChannels: number;
  /** Those that the changed model still has; undefined where it has all. */
  readonly kept: readonly number[] | undefined;
  /** Positions that the value has for one sample, and how many of them are drawn. */
  readonly extent: number;
  readonly drawn: number;
}

/** Rows sampled for each feature, with a floor that makes small layers precise. */
const rowsPerFeature = 16;
const fewestRows = 16_384;

export interface SamplingContext {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly seed: number;
}

/**
 * Runs the original over the calibration data; what is kept does not grow with the number of samples.
 *
 * @returns by batch and site.
 */
export async function sampleOriginal(
  original: Model,
  sites: readonly Site[],
  data: CalibrationBatches,
  { runtime, signal, seed }: SamplingContext,
): Promise<Sample[][]> {
  const probe = originalProbe(original, sites);
  const random = seededRandom(seed);
  const batches: Sample[][] = [];
  const session = await openModel(runtime, probe.model);
  try {
    for await (const { feeds } of data.each(signal)) {
      const positions = sites.map((site) => drawPositions(site, random));
      const drawn: Feeds = Object.fromEntries(
        positions.map((each, i) => [probe.names[`positions.${i}`], indexTensor(each)]),
      );
      const results = await session.run({ ...feeds, ...drawn }, undefined, signal);
      batches.push(
        positions.map((each, i) => ({ positions: each, target: results[probe.names[i]] })),
      );
    }
  } finally {
    await session.close();
  }
  return batches;
}

/**
 * Sees on one batch how large the planes are that the joints read and are compared on. Joints whose
 * channels are not those of the original, cut or whole, are left out.
 */
export async function findSites(
  original: Model,
  changed: Model,
  joints: readonly Joint[],
  kept: Kept,
  data: CalibrationBatches,
  { runtime, signal }: SamplingContext,
): Promise<Site[]> {
  const excerpt = new Excerpt(changed);
  const values = joints.flatMap(({ compared, terms }) => [
    compared,
    ...terms.map(({ layer }) => layer.input),
  ]);
  const asked = new Map(values.map((name) => [name, excerpt.node('Shape', [name])]));
  const before = indexGraph(original.graph!);
  const session = await openModel(runtime, excerpt.build([...asked.values()]));
  try {
    const first = await data.each(signal).next();
    if (first.done) return [];
    const results = await session.run(first.value.feeds, undefined, signal);
    const shape = (name: string): number[] =>
      Array.from(results[asked.get(name)!].data as BigInt64Array, Number);
    return joints.flatMap((joint) => {
      const site = siteOf(joint, before, kept, shape, data.samples);
      const channels = site.kept?.length ?? site.originalChannels;
      return channels === joint.outputs ? [site] : [];
    });
  } finally {
    await session.close();
  }
}

function siteOf(
  joint: Joint,
  before: GraphIndex,
  kept: Kept,
  shape: (value: string) => readonly number[],
  samples: number,
): Site {
  const { compared, terms, outputs } = joint;
  const isDense = terms[0].layer.layout.kernel.length === 0;
  const dims = shape(compared);
  const planes = isDense ? dims.slice(1, -1) : dims.slice(2);
  const extent = planes.reduce((product, each) => product * each, 1);
  const features = terms.reduce((sum, term) => sum + featuresOf(term), 0);
  const rows = Math.max(fewestRows, rowsPerFeature * features);
  const windows = terms.map(({ layer: { node, layout, input } }) =>
    isDense ? undefined : windowOf(node, layout.kernel, shape(input).slice(2), planes),
  );
  const cut = terms.map(({ layer }) => keptOutputs(layer, before, kept)).find(Boolean);
  return {
    joint,
    isDense,
    windows,
    originalChannels: cut?.of ?? outputs,
    kept: cut?.kept,
    extent,
    drawn: Math.ceil(rows / samples),
  };
}

/** Which outputs of a layer of the original a cut left, and of how many. */
function keptOutputs(
  { output }: CorrectableLayer,
  before: GraphIndex,
  kept: Kept,
): { kept: readonly number[]; of: number } | undefined {
  const twin = before.producer(output)?.node;
  const weight = constantOf(before, twin?.input[1]);
  const layout = twin && weight && weightLayout(twin, dimsOf(weight));
  const indices = layout && kept(twin.input[1], layout.outputAxis);
  return indices && { kept: indices, of: layout.outputs };
}

function drawPositions({ extent, drawn }: Site, random: Random): Int32Array {
  if (drawn >= extent) return Int32Array.from({ length: extent }, (_, at) => at);
  return Int32Array.from({ length: drawn }, () => random.integer(extent)).sort();
}
