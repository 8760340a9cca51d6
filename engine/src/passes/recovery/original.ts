/** What the original gives at sampled positions of every layer that will be corrected, read in one run. */

import { indexGraph } from '../../ir/graph-index';
import type { Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { seededRandom, type Random } from '../../linalg/random';
import { openModel } from '../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime } from '../../runtime/runtime';
import type { CorrectableLayer } from './correctable';
import { constantOf } from './constants';
import { Excerpt } from '../../runtime/excerpt';
import { windowOf, type Window } from '../../runtime/patches';
import { indexTensor, originalProbe } from './probe';
import type { CalibrationBatches } from './samples';

/** The indices of an axis of an initializer of the original that the cut kept; undefined: all. */
export type Kept = (tensor: string, axis: number) => readonly number[] | undefined;

/** One layer in one batch. */
export interface LayerSample {
  /** Flat positions of the layer's output, the same for every sample of the batch. */
  readonly positions: Int32Array;
  /** The original's values there, without the channels that were cut. */
  readonly target: NamedTensor;
}

export interface OriginalSamples {
  /** By layer: how its convolution reads its input; undefined for dense layers. */
  readonly windows: readonly (Window | undefined)[];
  /** By batch and layer. */
  readonly batches: readonly (readonly LayerSample[])[];
}

/** Rows sampled for each input feature of a layer, with a floor that makes small layers precise. */
const rowsPerFeature = 16;
const fewestRows = 16_384;

/** Where a layer is sampled. */
interface Site {
  readonly layer: CorrectableLayer;
  readonly outputs: number;
  readonly kept: readonly number[] | undefined;
  readonly window: Window | undefined;
  /** Positions that its output has for one sample, and how many of them are drawn. */
  readonly extent: number;
  readonly drawn: number;
}

/** Runs the original over the calibration data; what is kept does not grow with the number of samples. */
export async function sampleOriginal(
  original: Model,
  changed: Model,
  layers: readonly CorrectableLayer[],
  kept: Kept,
  data: CalibrationBatches,
  context: { readonly runtime: Runtime; readonly signal: AbortSignal; readonly seed: number },
): Promise<OriginalSamples> {
  const { runtime, signal, seed } = context;
  const sites = await findSites(original, changed, layers, kept, data, runtime, signal);
  const probe = originalProbe(original, sites);
  const random = seededRandom(seed);
  const batches: LayerSample[][] = [];
  const session = await openModel(runtime, probe.model);
  try {
    for await (const { feeds } of data.each(signal)) {
      const positions = sites.map((site) => drawPositions(site, random));
      const indices = positions.map((each, i) => [
        probe.names[`positions.${i}`],
        indexTensor(each),
      ]);
      const results = await session.run(
        { ...feeds, ...(Object.fromEntries(indices) as Feeds) },
        undefined,
        signal,
      );
      batches.push(
        positions.map((each, i) => ({ positions: each, target: results[probe.names[i]] })),
      );
    }
  } finally {
    await session.close();
  }
  return { windows: sites.map(({ window }) => window), batches };
}

/** Sees on one batch how large the planes are that each layer reads and gives. */
async function findSites(
  original: Model,
  changed: Model,
  layers: readonly CorrectableLayer[],
  kept: Kept,
  data: CalibrationBatches,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Site[]> {
  const excerpt = new Excerpt(changed);
  const shapes = layers.map(({ input, compared }) => ({
    input: excerpt.node('Shape', [input]),
    compared: excerpt.node('Shape', [compared]),
  }));
  const [before, after] = [original, changed].map(({ graph }) => indexGraph(graph!));
  const model = excerpt.build(shapes.flatMap((each) => [each.input, each.compared]));
  const session = await openModel(runtime, model);
  try {
    const first = await data.each(signal).next();
    const results = first.done ? {} : await session.run(first.value.feeds, undefined, signal);
    const shape = (name: string): number[] =>
      Array.from(results[name].data as BigInt64Array, Number);
    return layers.map((layer, i) => {
      const weight = dimsOf(constantOf(after, layer.weight)!);
      const source = before.producer(layer.output)?.node.input[1];
      const indices = source === undefined ? undefined : kept(source, layer.outputAxis);
      const given = { input: shape(shapes[i].input), compared: shape(shapes[i].compared) };
      const outputs = indices ? dimsOf(constantOf(before, source)!)[layer.outputAxis] : undefined;
      return { ...siteOf(layer, weight, given, data.samples, outputs), kept: indices };
    });
  } finally {
    await session.close();
  }
}

function siteOf(
  layer: CorrectableLayer,
  weight: readonly number[],
  { input, compared }: { input: readonly number[]; compared: readonly number[] },
  samples: number,
  originalOutputs: number | undefined,
): Omit<Site, 'kept'> {
  const isConvolution = layer.geometry === 'convolution';
  const outputs = weight[layer.outputAxis];
  const features = weight.reduce((a, b) => a * b, 1) / outputs;
  const planes = isConvolution ? compared.slice(2) : compared.slice(1, -1);
  const extent = planes.reduce((a, b) => a * b, 1);
  const rows = Math.max(fewestRows, rowsPerFeature * features);
  const window = isConvolution
    ? windowOf(layer.node, [weight[2], weight[3]], [input[2], input[3]], [compared[2], compared[3]])
    : undefined;
  return {
    layer,
    outputs: originalOutputs ?? outputs,
    window,
    extent,
    drawn: Math.ceil(rows / samples),
  };
}

function drawPositions({ extent, drawn }: Site, random: Random): Int32Array {
  if (drawn >= extent) return Int32Array.from({ length: extent }, (_, at) => at);
  return Int32Array.from({ length: drawn }, () => random.integer(extent)).sort();
}
