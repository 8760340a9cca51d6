/**
 * What layers read on calibration data: the second moments of their inputs, of the patches a
 * convolution looks at, at sampled positions. The products run in the runtime; what is kept is as
 * large as the layers' Gram matrices, whatever the number of samples.
 */

import type { Dataset } from '../../data/dataset';
import type { Model } from '../../ir/model';
import { seededRandom, type Random } from '../../linalg/random';
import { Excerpt } from '../../runtime/excerpt';
import { feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import { patchIndices, type Window } from '../../runtime/patches';
import type { Feeds, NamedTensor, Runtime } from '../../runtime/runtime';
import { CalibrationBatches } from '../recovery/samples';
import { outputSizes, weightsOf } from './geometry';
import type { DecomposableLayer } from './layers';
import type { InputMoments } from './method';

export interface MomentContext {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  readonly seed: number;
  /** @param fraction 0 … 1 of the measuring. */
  progress(fraction: number): void;
}

/** Moments about zero, with the first ones. */
export interface SeenInput extends InputMoments {
  /** Sums of the patches, one for each group. */
  readonly sum: readonly Float64Array[];
}

/** The second moments about the mean: Σ (x − x̄)·(x − x̄)ᵀ. */
export function centred({ features, gram, sum, count }: SeenInput): InputMoments {
  const about = gram.map((each, group) => {
    const own = sum[group];
    return each.map(
      (value, at) => value - (own[Math.floor(at / features)] * own[at % features]) / count,
    );
  });
  return { features, gram: about, count };
}

/** Layers with more features than this are measured by their weights alone. */
export const mostFeatures = 2304;

/** Rows sampled for each feature, with a floor that makes small layers precise. */
const rowsPerFeature = 16;
const fewestRows = 16_384;

/** Bytes of the Gram matrices that one run hands over. */
const bound = 256 * 2 ** 20;

/** Whether the inputs of a layer can be measured; if not, why. */
export function unmeasured({ shape, weight }: DecomposableLayer): string | undefined {
  if (weight.dataType !== 1) return 'it does not compute in single precision';
  if (shape.kernel.length > 2) return 'it has three spatial axes';
  const features = featuresOf(shape);
  return features > mostFeatures ? `it reads ${features} features` : undefined;
}

const featuresOf = (shape: DecomposableLayer['shape']): number => weightsOf(shape) / shape.outputs;

/**
 * The moments of each of the layers, which must be measurable. Layers that read the same share theirs.
 *
 * @throws CoppiceError `feeds` when the calibration data does not fit the model's inputs.
 */
export async function collectMoments(
  model: Model,
  layers: readonly DecomposableLayer[],
  context: MomentContext,
): Promise<ReadonlyMap<DecomposableLayer, SeenInput>> {
  const { runtime, calibration, signal, seed, progress } = context;
  if (layers.length === 0) return new Map();
  const session = await openModel(runtime, model);
  const feeder = feederFor(session, calibration, { batchSize: 32 });
  await session.close();
  const data = new CalibrationBatches(calibration, feeder);
  const random = seededRandom(seed);
  const sites = new Map(layers.map((layer) => [keyOf(layer), layer]));
  const found = new Map<string, SeenInput>();
  for (const part of parts([...sites.values()])) {
    const sums = await sumPart(model, part, data, { runtime, signal, random });
    part.forEach((layer, i) => found.set(keyOf(layer), sums[i]));
    progress(found.size / sites.size);
  }
  return new Map(layers.map((layer) => [layer, found.get(keyOf(layer))!]));
}

/** The same for layers that look at the same patches of the same value. */
function keyOf({ node, shape }: DecomposableLayer): string {
  const { inputs, groups, kernel, strides, dilations, pads } = shape;
  return JSON.stringify([node.input[0], inputs, groups, kernel, strides, dilations, pads]);
}

/** Layers whose Gram matrices fit the bound together; each of them alone if it must. */
function parts(layers: readonly DecomposableLayer[]): DecomposableLayer[][] {
  const result: DecomposableLayer[][] = [[]];
  let bytes = 0;
  for (const layer of layers) {
    const own = 4 * layer.shape.groups * featuresOf(layer.shape) ** 2;
    if (bytes > 0 && bytes + own > bound) {
      result.push([]);
      bytes = 0;
    }
    result.at(-1)!.push(layer);
    bytes += own;
  }
  return result;
}

interface PartContext {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly random: Random;
}

async function sumPart(
  model: Model,
  layers: readonly DecomposableLayer[],
  data: CalibrationBatches,
  { runtime, signal, random }: PartContext,
): Promise<SeenInput[]> {
  const excerpt = new Excerpt(model);
  const taps = layers.map((layer) => tap(excerpt, layer));
  const shapes = layers.map(({ node }) => excerpt.node('Shape', [node.input[0]]));
  const zeros = ({ shape }: DecomposableLayer, size: number): Float64Array[] =>
    Array.from({ length: shape.groups }, () => new Float64Array(size));
  const grams = layers.map((layer) => zeros(layer, featuresOf(layer.shape) ** 2));
  const sums = layers.map((layer) => zeros(layer, featuresOf(layer.shape)));
  const counts = layers.map(() => 0);
  const inputs = await firstShapes(excerpt, shapes, data, runtime, signal);
  const session = await openModel(
    runtime,
    excerpt.build(taps.flatMap(({ gram, sum }) => [gram, sum])),
  );
  try {
    let whole: number | undefined;
    for await (const { feeds, samples } of data.each(signal)) {
      // A last batch of fewer samples may have fewer positions, where the batch is not the first axis.
      if (samples !== (whole ??= samples)) continue;
      const drawn = layers.map((layer, i) => draw(layer, inputs[i], data.samples, random));
      const places = Object.assign(
        {},
        ...layers.map((layer, i) => feedsOf(layer, taps[i], inputs[i], drawn[i], samples)),
      ) as Feeds;
      const results = await session.run({ ...feeds, ...places }, undefined, signal);
      layers.forEach((_, i) => {
        addParts(grams[i], results[taps[i].gram].data as Float32Array);
        addParts(sums[i], results[taps[i].sum].data as Float32Array);
        counts[i] += samples * drawn[i].length;
      });
    }
  } finally {
    await session.close();
  }
  return layers.map(({ shape }, i) => ({
    features: featuresOf(shape),
    gram: grams[i],
    sum: sums[i],
    count: counts[i],
  }));
}

function addParts(sums: readonly Float64Array[], values: Float32Array): void {
  sums.forEach((sum, group) => {
    const from = group * sum.length;
    for (let i = 0; i < sum.length; i++) sum[i] += values[from + i];
  });
}

/** Names of what a layer's part of the probe takes and gives. */
interface Tap {
  readonly positions: string;
  /** Undefined for dense layers, which read no padding. */
  readonly mask: string | undefined;
  /** A column of ones, as long as there are patches. */
  readonly ones: string;
  readonly gram: string;
  readonly sum: string;
}

/** Adds the product of a layer's patches with themselves, groups × features × features, and their sum. */
function tap(excerpt: Excerpt, { node, shape, operator }: DecomposableLayer): Tap {
  const { inputs, groups } = shape;
  const features = featuresOf(shape);
  const positions = excerpt.input('positions', 'int64', 1);
  let mask: string | undefined;
  let rows: string;
  if (operator === 'Conv') {
    mask = excerpt.input('mask', 'float', 1);
    const planes = excerpt.reshape(node.input[0], [0, 0, -1]);
    const read = excerpt.node('Mul', [excerpt.gather(planes, positions, 2), mask]);
    const patches = excerpt.reshape(read, [0, inputs, -1, (features * groups) / inputs]);
    rows = excerpt.reshape(excerpt.transpose(patches, [1, 3, 0, 2]), [groups, features, -1]);
  } else {
    const samples = excerpt.reshape(node.input[0], [0, -1, inputs]);
    const read = excerpt.gather(samples, positions, 1);
    rows = excerpt.reshape(excerpt.transpose(read, [2, 0, 1]), [1, inputs, -1]);
  }
  const gram = excerpt.node('MatMul', [rows, excerpt.transpose(rows, [0, 2, 1])]);
  const ones = excerpt.input('ones', 'float', 2);
  const sum = excerpt.node('MatMul', [rows, ones]);
  return { positions, mask, ones, gram, sum };
}

/** Positions of the layer's output for each sample, the same for a whole batch. */
function draw(
  { operator, shape }: DecomposableLayer,
  input: readonly number[],
  samples: number,
  random: Random,
): Int32Array {
  const planes = operator === 'Conv' ? outputSizes(shape, input.slice(2)) : input.slice(1, -1);
  const extent = planes.reduce((product, size) => product * size, 1);
  const wanted = Math.ceil(Math.max(fewestRows, rowsPerFeature * featuresOf(shape)) / samples);
  if (wanted >= extent) return Int32Array.from({ length: extent }, (_, at) => at);
  return Int32Array.from({ length: wanted }, () => random.integer(extent)).sort();
}

function feedsOf(
  { shape }: DecomposableLayer,
  { positions, mask, ones }: Tap,
  input: readonly number[],
  drawn: Int32Array,
  samples: number,
): Feeds {
  const rows = samples * drawn.length;
  const column = { [ones]: floatsOf(new Float32Array(rows).fill(1), [rows, 1]) };
  if (mask === undefined) {
    return { ...column, [positions]: integers(BigInt64Array.from(drawn, BigInt)) };
  }
  const patches = patchIndices(windowOf(shape, input.slice(2)), drawn);
  return {
    ...column,
    [positions]: integers(patches.indices),
    [mask]: floatsOf(patches.mask, [patches.mask.length]),
  };
}

function floatsOf(data: Float32Array, dims: readonly number[]): NamedTensor {
  return { type: 'float', dims, data };
}

function integers(data: BigInt64Array): NamedTensor {
  return { type: 'int64', dims: [data.length], data };
}

/** One axis counts as the columns of a single row. */
function windowOf(shape: DecomposableLayer['shape'], input: readonly number[]): Window {
  const pair = (values: readonly number[], row: number): Window['kernel'] =>
    values.length === 1 ? [row, values[0]] : [values[0], values[1]];
  return {
    kernel: pair(shape.kernel, 1),
    stride: pair(shape.strides, 1),
    dilation: pair(shape.dilations, 1),
    padding: pair(shape.pads.slice(0, shape.kernel.length), 0),
    input: pair(input, 1),
    output: pair(outputSizes(shape, input), 1),
  };
}

/** Dimensions of the layers' inputs, seen on the first batch. */
async function firstShapes(
  excerpt: Excerpt,
  shapes: readonly string[],
  data: CalibrationBatches,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<number[][]> {
  const session = await openModel(runtime, excerpt.build(shapes));
  try {
    for await (const { feeds } of data.each(signal)) {
      const results = await session.run(feeds, undefined, signal);
      return shapes.map((name) => Array.from(results[name].data as BigInt64Array, Number));
    }
    return shapes.map(() => []);
  } finally {
    await session.close();
  }
}
