/**
 * Recovery without training: every layer behind a cut is corrected, in topological order, so that
 * what it gives on calibration data comes as near as it can to what the original gives there. Each
 * correction sees the layers before it as already corrected, so it also makes up for their errors.
 *
 * He et al., "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017
 * (arXiv 1707.06168), reconstruct the layer behind a cut this way, and a residual branch against the
 * original's sum; here it is every layer downstream, with a ridge towards the weights at hand.
 */

import type { Dataset } from '../../data/dataset';
import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graph-index';
import type { Graph, Model, Node } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Runtime, Session } from '../../runtime/runtime';
import type { Progress } from '../pass';
import { applyCorrection } from './apply';
import { correctableLayers, type CorrectableLayer } from './correctable';
import { Frontier, settledValues } from './frontier';
import { Moments } from './moments';
import { sampleOriginal, type Kept, type OriginalSamples } from './original';
import { layerFeeds, layerProbe, momentsOf, type Probe } from './probe';
import { correct } from './regression';
import { CalibrationBatches } from './samples';

export interface RecoveryContext {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  readonly seed: number;
  progress(step: Progress): void;
}

export interface Recovered {
  readonly model: Model;
  /** Names of the weights that were corrected. */
  readonly corrected: readonly string[];
}

/** One in so many batches is held out for choosing the ridge. */
const heldOut = 5;

/** After so many layers, runs begin further in. */
const stride = 4;

/** Layers with more input features than this are left alone: their system would take too long. */
const mostFeatures = 4608;

/**
 * @param original the model before the cut; `cut` is the model after it, with the same value names.
 * @returns the cut model with corrected weights and statistics; both arguments stay as they are.
 * @throws CoppiceError `feeds` when the calibration data does not fit the model's inputs.
 */
export async function reconstruct(
  original: Model,
  cut: Model,
  kept: Kept,
  context: RecoveryContext,
): Promise<Recovered> {
  const { signal } = context;
  const model = cloneModel(cut);
  const layers = layersBehindCuts(original.graph!, model.graph!).filter(
    (layer) => shapeOf(layer, model).features <= mostFeatures,
  );
  if (layers.length === 0) return { model, corrected: [] };
  const data = await calibrationBatches(original, context);
  const samples = await sampleOriginal(original, layers, kept, data, context);
  const frontier = new Frontier(data);
  for (const [i, layer] of layers.entries()) {
    signal.throwIfAborted();
    const fraction = (i + 1) / (layers.length + 1);
    context.progress({ message: `reconstructing ${layer.weight}`, fraction });
    if (i % stride === stride - 1) {
      frontier.request(
        settledValues(
          model.graph!,
          layers.slice(i).map(({ node }) => node),
        ),
      );
    }
    const { fit, held } = await measure(model, layer, i, samples, frontier, context);
    frontier.settle();
    applyCorrection(model.graph!, layer, correct(fit, held, layer.offset.kind !== 'none'));
  }
  return { model, corrected: layers.map(({ weight }) => weight) };
}

/** Correctable layers whose input is not what it was: behind a constant that changed its size. */
function layersBehindCuts(original: Graph, cut: Graph): CorrectableLayer[] {
  const before = indexGraph(original);
  const after = indexGraph(cut);
  const touched = new Set<string>();
  const changed = (name: string, at: number, node: Node): boolean => {
    const constant = after.initializer(name);
    if (!constant) return touched.has(name);
    const source = before.producer(node.output[0])?.node.input[at] ?? name;
    const twin = before.initializer(source);
    return !twin || dimsOf(twin).join() !== dimsOf(constant).join();
  };
  for (const node of cut.node) {
    if (!node.input.some((name, at) => changed(name, at, node))) continue;
    node.output.forEach((name) => touched.add(name));
  }
  return correctableLayers(cut).filter(({ input }) => touched.has(input));
}

function shapeOf(
  { weight, outputAxis }: CorrectableLayer,
  model: Model,
): { outputs: number; features: number } {
  const dims = dimsOf(indexGraph(model.graph!).initializer(weight)!);
  const outputs = dims[outputAxis];
  return { outputs, features: dims.reduce((product, dim) => product * dim, 1) / outputs };
}

async function calibrationBatches(
  original: Model,
  { runtime, calibration }: RecoveryContext,
): Promise<CalibrationBatches> {
  const session = await openModel(runtime, original);
  const feeder = feederFor(session, calibration, { batchSize: 32 });
  await session.close();
  return new CalibrationBatches(calibration, feeder);
}

/** The moments of a layer of the cut model as it is now, with some batches held out. */
async function measure(
  model: Model,
  layer: CorrectableLayer,
  at: number,
  samples: OriginalSamples,
  frontier: Frontier,
  { runtime, signal }: RecoveryContext,
): Promise<{ fit: Moments; held: Moments }> {
  const { outputs, features } = shapeOf(layer, model);
  const fit = new Moments(layer.groups, features, outputs / layer.groups);
  const held = new Moments(layer.groups, features, outputs / layer.groups);
  const last = Math.min(heldOut, samples.batches.length) - 1;
  let session: Session | undefined;
  let probe: Probe | undefined;
  try {
    let batch = 0;
    for await (const { feeds, samples: count } of frontier.each(signal)) {
      probe ??= layerProbe(model, layer, feeds, frontier.missing(feeds));
      session ??= await openModel(runtime, probe.model);
      const sample = samples.batches[batch][at];
      const rows = count * sample.positions.length;
      const probed = layerFeeds(probe, sample, rows, samples.windows[at]);
      const results = await session.run({ ...feeds, ...probed }, undefined, signal);
      const part = last > 0 && batch % heldOut === last ? held : fit;
      part.add(rows, momentsOf(probe, results));
      frontier.take(feeds, results);
      batch++;
    }
  } finally {
    await session?.close();
  }
  return { fit, held };
}
