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
import type { Graph, Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { settledValues } from '../../runtime/excerpt';
import { feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Runtime, Session } from '../../runtime/runtime';
import type { Progress } from '../pass';
import { applyCorrection } from './apply';
import { correctableLayers, type CorrectableLayer } from './correctable';
import { changesBetween } from './changes';
import { constantOf } from './constants';
import { Frontier } from './frontier';
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

/** For changes that cut no channel. */
export const keptAll: Kept = () => undefined;

/**
 * Corrects every layer of a changed model that does not get what it got, or does not do what it did.
 * Where that is comes from comparing the two graphs: values of the same name stand for the same
 * thing, up to the channels that were cut. A layer that was replaced by several is corrected in the
 * last of them, the one that makes the value of the original's name.
 *
 * @param original the model before the change.
 * @param cut the model after it.
 * @param kept which channels a cut left; `keptAll` for all other changes.
 * @returns the changed model with corrected weights and statistics; both arguments stay as they are.
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
  const layers = layersBehindChanges(original.graph!, model.graph!).filter(
    (layer) => shapeOf(layer, model).features <= mostFeatures,
  );
  if (layers.length === 0) return { model, corrected: [] };
  const data = await calibrationBatches(original, context);
  const samples = await sampleOriginal(original, model, layers, kept, data, context);
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

/** Correctable layers that read a value that is not what it was, or that are not what they were. */
function layersBehindChanges(original: Graph, changed: Graph): CorrectableLayer[] {
  const changes = changesBetween(original, changed);
  const made = new Set(original.node.flatMap(({ output }) => output));
  return correctableLayers(changed, (value) => made.has(value)).filter(
    ({ node, input }) => changes.touches(input) || changes.rewrites(node),
  );
}

function shapeOf(
  { weight, outputAxis }: CorrectableLayer,
  model: Model,
): { outputs: number; features: number } {
  const dims = dimsOf(constantOf(indexGraph(model.graph!), weight)!);
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
