/**
 * Recovery without training: every layer behind a change is corrected, in topological order, so that
 * what it gives on calibration data comes as near as it can to what the original gives there. Each
 * correction sees the layers before it as already corrected, so it also makes up for their errors.
 *
 * He et al., "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017
 * (arXiv 1707.06168), reconstruct the layer behind a cut this way, and a residual branch against the
 * original's sum; here it is every layer downstream, with a ridge towards the weights at hand, and
 * branches that meet in a sum are solved for together.
 */

import type { Dataset } from '../../data/dataset';
import { cloneModel } from '../../ir/clone';
import type { Model } from '../../ir/model';
import { settledValues } from '../../runtime/excerpt';
import { feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Feeds, Runtime } from '../../runtime/runtime';
import type { Progress } from '../pass';
import { applyCorrection, weightsAtHand } from './apply';
import { changesBetween } from './changes';
import { correctableLayers } from './correctable';
import { Frontier } from './frontier';
import { independent, jointsOf, type Joint } from './joints';
import { measure } from './measure';
import { findSites, sampleOriginal, type Kept } from './original';
import { correct } from './regression';
import { CalibrationBatches } from './samples';
import { supportOf, type Fixed } from './support';

export interface RecoveryContext {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  readonly seed: number;
  /** Values of the model's other inputs, where it has several: the same for every batch. */
  readonly feeds?: Feeds;
  /** Features that are regressed on at once; wider layers are corrected part by part. Default: 2,304. */
  readonly mostFeatures?: number;
  /** Elements of weights that must keep their value, as the zeros of a sparse layer; by default none. */
  readonly fixed?: Fixed;
  progress(step: Progress): void;
}

export interface Recovered {
  readonly model: Model;
  /** Names of the weights that were corrected. */
  readonly corrected: readonly string[];
}

/** After so many joints, runs begin further in. */
const stride = 4;

/** For changes that cut no channel. */
export const keptAll: Kept = () => undefined;

/**
 * Corrects every layer of a changed model that does not get what it got, or does not do what it did.
 * Where that is comes from comparing the two graphs: values of the same name stand for the same
 * thing, up to the channels that were cut. A layer that was replaced by several is corrected in the
 * last of them, the one that makes the value of the original's name.
 *
 * @param original the model before the change.
 * @param changed the model after it.
 * @param kept which channels a cut left; `keptAll` for all other changes.
 * @returns the changed model with corrected weights and statistics; both arguments stay as they are.
 * @throws CoppiceError `feeds` when the calibration data does not fit the model's inputs.
 */
export async function reconstruct(
  original: Model,
  changed: Model,
  kept: Kept,
  context: RecoveryContext,
): Promise<Recovered> {
  const { signal } = context;
  const model = cloneModel(changed);
  const joints = jointsBehindChanges(original, model, context.mostFeatures);
  if (joints.length === 0) return { model, corrected: [] };
  const data = await calibrationBatches(original, context);
  const sites = await findSites(original, model, joints, kept, data, context);
  const samples = await sampleOriginal(original, sites, data, context);
  const frontier = new Frontier(data);
  const pending = sites.map(({ joint }) => joint);
  for (let from = 0, moved = 0; from < sites.length;) {
    signal.throwIfAborted();
    const left = pending.slice(from);
    const to = from + independent(left, model.graph!);
    const message = `reconstructing ${weightsOf(pending.slice(from, to)).join(', ')}`;
    context.progress({ message, fraction: (from + 1) / (sites.length + 1) });
    if (to - moved >= stride) {
      frontier.request(settledValues(model.graph!, nodesOf(left)));
      moved = to;
    }
    const now = samples.map((batch) => batch.slice(from, to));
    const measured = await measure(model, sites.slice(from, to), now, frontier, context);
    frontier.settle();
    for (const [i, { fit, held }] of measured.entries()) {
      const joint = pending[from + i];
      const stretched = joint.activated && !context.fixed;
      const weights = stretched ? weightsAtHand(model.graph!, joint) : undefined;
      const support = context.fixed && supportOf(joint, context.fixed);
      const isCentred = joint.offset !== undefined;
      applyCorrection(model, joint, correct(fit, held, isCentred, weights, support));
    }
    from = to;
  }
  return { model, corrected: weightsOf(pending) };
}

/**
 * The joints with a layer that reads a value that is not what it was, or that is not what it was
 * itself.
 */
function jointsBehindChanges(original: Model, model: Model, mostFeatures?: number): Joint[] {
  const changes = changesBetween(original.graph!, model.graph!);
  const made = new Set(original.graph!.node.flatMap(({ output }) => output));
  const layers = correctableLayers(model, (value) => made.has(value));
  return jointsOf(layers, model.graph!, mostFeatures).filter(({ terms }) =>
    terms.some(({ layer }) => changes.touches(layer.input) || changes.rewrites(layer.node)),
  );
}

function weightsOf(joints: readonly Joint[]): string[] {
  return [...new Set(joints.flatMap(({ terms }) => terms.map(({ layer }) => layer.weight)))];
}

function nodesOf(joints: readonly Joint[]) {
  return joints.flatMap(({ terms }) => terms.map(({ layer }) => layer.node));
}

async function calibrationBatches(
  original: Model,
  { runtime, calibration, feeds }: RecoveryContext,
): Promise<CalibrationBatches> {
  const session = await openModel(runtime, original);
  const feeder = feederFor(session, calibration, { batchSize: 32, feeds });
  await session.close();
  return new CalibrationBatches(calibration, feeder);
}
