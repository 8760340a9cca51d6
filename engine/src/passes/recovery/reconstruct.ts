/**
 * Recovery without training: every layer behind a cut is corrected, in topological order, so that
 * what it gives on calibration data comes as near as it can to what the original gives there. Each
 * correction sees the layers before it as already corrected, so it also makes up for their errors.
 *
 * He et al., "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017
 * (arXiv 1707.06168), reconstruct one layer's input channels this way, and a residual branch against
 * the original's sum; here it is every layer and a ridge towards the weights at hand.
 */

import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graph-index';
import type { Graph, Model, Node } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { seededRandom, type Random } from '../../linalg/random';
import { encodeModel } from '../../onnx/write';
import type { Batch, Dataset } from '../../data/dataset';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import type { Progress } from '../pass';
import { applyCorrection } from './apply';
import { correctableLayers, type CorrectableLayer } from './correctable';
import { Excerpt } from './excerpt';
import { Moments } from './moments';
import { windowOf, type Window } from './patches';
import { indexTensor, layerFeeds, layerProbe, momentsOf, originalProbe } from './probe';
import { correct } from './regression';
import { CalibrationBatches } from './samples';

export interface RecoveryContext {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  readonly seed: number;
  progress(step: Progress): void;
}

/** The indices of an axis of an initializer of the original that the cut kept; undefined: all. */
export type Kept = (tensor: string, axis: number) => readonly number[] | undefined;

export interface Recovered {
  readonly model: Model;
  /** Names of the nodes whose weights were corrected. */
  readonly corrected: readonly string[];
}

/** One in so many batches is held out for choosing the ridge. */
const heldOut = 5;

/** Rows sampled for each input feature of a layer, with a floor that makes small layers precise. */
const rowsPerFeature = 16;
const fewestRows = 16_384;

/** Layers with more input features than this are left alone: their system would not fit. */
const mostFeatures = 4608;

/**
 * @param original the model before the cut, @param cut the model after it, with the same value names.
 * @returns the cut model with corrected weights and statistics; both arguments stay as they are.
 */
export async function reconstruct(
  original: Model,
  cut: Model,
  kept: Kept,
  context: RecoveryContext,
): Promise<Recovered> {
  const model = cloneModel(cut);
  const layers = layersBehindCuts(original.graph!, model.graph!).filter(
    (layer) => features(layer, model) <= mostFeatures,
  );
  if (layers.length === 0) return { model, corrected: [] };
  const sampling = await new Sampling(original, layers, kept, context).read();
  for (const [i, layer] of layers.entries()) {
    context.signal.throwIfAborted();
    context.progress({
      message: `reconstructing ${layer.weight}`,
      fraction: (i + 1) / (layers.length + 1),
    });
    const { fit, held } = await sampling.moments(model, i);
    applyCorrection(model.graph!, layer, correct(fit, held, layer.offset.kind !== 'none'));
  }
  return { model, corrected: layers.map(({ node }) => node.name ?? '') };
}

/** Correctable layers whose input is not what it was: behind a constant that changed its size. */
function layersBehindCuts(original: Graph, cut: Graph): CorrectableLayer[] {
  const before = indexGraph(original);
  const after = indexGraph(cut);
  const touched = new Set<string>();
  const changed = (name: string, at: number, node: Node): boolean => {
    const constant = after.initializer(name);
    if (!constant) return touched.has(name);
    const twin = before.producer(node.output[0])?.node.input[at] ?? name;
    const source = before.initializer(twin);
    return !source || dimsOf(source).join() !== dimsOf(constant).join();
  };
  for (const node of cut.node) {
    if (!node.input.some((name, at) => changed(name, at, node))) continue;
    node.output.forEach((name) => touched.add(name));
  }
  return correctableLayers(cut).filter(({ input }) => touched.has(input));
}

function features({ weight, outputAxis }: CorrectableLayer, model: Model): number {
  const dims = dimsOf(indexGraph(model.graph!).initializer(weight)!);
  return dims.reduce((product, dim) => product * dim, 1) / dims[outputAxis];
}

/** What was sampled of the original, and where. */
class Sampling {
  private readonly batches: CalibrationBatches;
  private readonly input: string;
  private readonly random: Random;
  private windows: (Window | undefined)[] = [];
  private extents: number[] = [];
  /** For each layer and batch the positions, and the original's values there. */
  private readonly positions: Int32Array[][] = [];
  private readonly targets: NamedTensor[][] = [];

  constructor(
    private readonly original: Model,
    private readonly layers: readonly CorrectableLayer[],
    private readonly kept: Kept,
    private readonly context: RecoveryContext,
  ) {
    const graph = original.graph!;
    const constants = new Set(graph.initializer.map((tensor) => tensor.name));
    const input = graph.input.find(({ name }) => !constants.has(name))!;
    this.input = input.name!;
    const size = Number(input.type?.tensorType?.shape?.dim[0]?.dimValue ?? 64);
    this.batches = new CalibrationBatches(context.calibration, size);
    this.random = seededRandom(context.seed);
  }

  /** Runs the original once over the calibration data. */
  async read(): Promise<this> {
    await this.measureExtents();
    const { signal, runtime } = this.context;
    const probe = originalProbe(
      this.original,
      this.layers.map((layer) => ({ layer, ...this.inOriginal(layer) })),
    );
    const session = await runtime.open(encodeModel(probe.model));
    try {
      for await (const batch of this.batches.each(signal)) {
        const positions = this.layers.map((_, i) => this.drawPositions(i));
        const feeds = Object.fromEntries(
          positions.map((each, i) => [probe.names[`positions.${i}`], indexTensor(each)]),
        );
        const results = await session.run({ ...feeds, ...this.feed(batch) }, undefined, signal);
        this.positions.push(positions);
        this.targets.push(this.layers.map((_, i) => results[probe.names[i]]));
      }
    } finally {
      await session.close();
    }
    return this;
  }

  /** The moments of layer `i` of the cut model as it is now. */
  async moments(model: Model, i: number): Promise<{ fit: Moments; held: Moments }> {
    const layer = this.layers[i];
    const { signal, runtime } = this.context;
    const outputs = dimsOf(indexGraph(model.graph!).initializer(layer.weight)!)[layer.outputAxis];
    const make = (): Moments =>
      new Moments(layer.groups, features(layer, model), outputs / layer.groups);
    const fit = make();
    const held = make();
    const probe = layerProbe(model, layer);
    const session = await runtime.open(encodeModel(probe.model));
    try {
      let at = 0;
      for await (const batch of this.batches.each(signal)) {
        const target = this.targets[at][i];
        const positions = this.positions[at][i];
        const rows = batch.dims[0] * positions.length;
        const feeds = layerFeeds(probe, positions, target, rows, this.windows[i]);
        const results = await session.run({ ...feeds, ...this.feed(batch) }, undefined, signal);
        const last = Math.min(heldOut, this.batches.count) - 1;
        const part = last > 0 && at % heldOut === last ? held : fit;
        part.add(rows, momentsOf(probe, results));
        at++;
      }
    } finally {
      await session.close();
    }
    return { fit, held };
  }

  private feed({ data, dims }: Batch): Record<string, NamedTensor> {
    return { [this.input]: { type: 'float', dims, data } };
  }

  /** Sees on one batch how large the planes are that each layer reads and gives. */
  private async measureExtents(): Promise<void> {
    const { signal, runtime } = this.context;
    const excerpt = new Excerpt(this.original);
    const shapes = this.layers.map(({ input, compared }) => ({
      input: excerpt.node('Shape', [input]),
      compared: excerpt.node('Shape', [compared]),
    }));
    const session = await runtime.open(
      encodeModel(excerpt.build(shapes.flatMap((each) => [each.input, each.compared]))),
    );
    try {
      for await (const batch of this.batches.each(signal)) {
        const results = await session.run(this.feed(batch), undefined, signal);
        const shape = (name: string): number[] =>
          Array.from(results[name].data as BigInt64Array, Number);
        this.layers.forEach((layer, i) => {
          this.describe(layer, shape(shapes[i].input), shape(shapes[i].compared));
        });
        break;
      }
    } finally {
      await session.close();
    }
  }

  private describe(layer: CorrectableLayer, input: number[], compared: number[]): void {
    if (layer.geometry === 'dense') {
      this.windows.push(undefined);
      this.extents.push(compared.slice(1, -1).reduce((a, b) => a * b, 1));
      return;
    }
    const { weight } = this.inOriginal(layer);
    const [, , height, width] = dimsOf(indexGraph(this.original.graph!).initializer(weight)!);
    const window = windowOf(
      layer.node,
      [height, width],
      [input[2], input[3]],
      [compared[2], compared[3]],
    );
    this.windows.push(window);
    this.extents.push(compared[2] * compared[3]);
  }

  private inOriginal(layer: CorrectableLayer): {
    weight: string;
    outputs: number;
    kept?: readonly number[];
  } {
    const index = indexGraph(this.original.graph!);
    const weight = index.producer(layer.output)!.node.input[1];
    const outputs = dimsOf(index.initializer(weight)!)[layer.outputAxis];
    return { weight, outputs, kept: this.kept(weight, layer.outputAxis) };
  }

  private drawPositions(i: number): Int32Array {
    const extent = this.extents[i];
    const { weight } = this.inOriginal(this.layers[i]);
    const dims = dimsOf(indexGraph(this.original.graph!).initializer(weight)!);
    const width = dims.reduce((a, b) => a * b, 1) / dims[this.layers[i].outputAxis];
    const rows = Math.max(fewestRows, rowsPerFeature * width);
    const wanted = Math.ceil(rows / this.context.calibration.samples);
    if (wanted >= extent) return Int32Array.from({ length: extent }, (_, at) => at);
    return Int32Array.from({ length: wanted }, () => this.random.integer(extent)).sort();
  }
}
