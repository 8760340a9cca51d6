/**
 * Visits the quantized layers in topological order and lets each be corrected on what it reads once
 * those before it are. Values that no later layer changes are kept between visits, of the float model
 * and of the quantized one, so that every node runs once however deep the model is.
 */

import type { Dataset } from '../../../data/dataset';
import type { Model, Node } from '../../../ir/model';
import { Excerpt } from '../../../runtime/excerpt';
import { feederFor } from '../../../runtime/feeds';
import { openModel } from '../../../runtime/open-model';
import type { Runtime } from '../../../runtime/runtime';
import type { PassContext } from '../../pass';
import { Frontier } from '../../recovery/frontier';
import { CalibrationBatches } from '../../recovery/samples';
import { withLayers, type Blueprint, type QuantizedLayer } from '../blueprint';
import type { Calibration } from '../calibrate';
import type { LayerSite } from '../placement';
import { simulate } from '../simulate';
import { Side } from './side';

/** A layer whose predecessors are corrected. */
export interface Visit {
  readonly layer: QuantizedLayer;
  readonly float: Side;
  /** Earlier layers as corrected, this one and later ones as they were. */
  readonly quantized: Side;
  /** What the layer reads and gives in one batch. */
  readonly dims: { readonly reads: readonly number[]; readonly gives: readonly number[] };
  readonly data: CalibrationBatches;
}

/** What is done to a layer, and how messages call it: `rounding`. */
export interface Correction {
  readonly verb: string;
  /** Gives the layer as it is to be from here on. */
  correct(visit: Visit, context: WalkContext): Promise<QuantizedLayer>;
}

export type WalkContext = Calibration & PassContext;

/** Samples in one run. */
const batchSize = 32;

/**
 * @param correctionOf what is done to a layer; undefined where it stays as it is.
 * @throws CoppiceError `feeds` when the calibration data does not fit the model.
 */
export async function walk(
  blueprint: Blueprint,
  correctionOf: (layer: QuantizedLayer) => Correction | undefined,
  context: WalkContext,
): Promise<Blueprint> {
  const { runtime, signal, progress } = context;
  const { model } = blueprint;
  const layers = [...blueprint.layers.values()];
  const corrections = layers.map(correctionOf);
  if (!corrections.some(Boolean)) return blueprint;
  const data = await wholeBatches(runtime, model, context.calibration);
  const dims = await dimsOfLayers(model, layers, data, runtime, signal);
  const frontiers = [new Frontier(data), new Frontier(data)];
  let corrected = blueprint;
  for (const [i, layer] of layers.entries()) {
    const correction = corrections[i];
    if (!correction) continue;
    signal.throwIfAborted();
    const { name } = layer.site;
    progress({ message: `${correction.verb} ${name}`, fraction: i / layers.length });
    const pending = layers.slice(i).map(({ site }) => site);
    const quantized = simulate(corrected);
    const side = (of: Model, frontier: Frontier): Side =>
      new Side(of, nodesIn(of, pending), frontier, runtime, signal);
    const visit = {
      layer,
      dims: dims[i],
      data,
      float: side(model, frontiers[0]),
      quantized: side(quantized, frontiers[1]),
    };
    corrected = withLayers(corrected, new Map([[name, await correction.correct(visit, context)]]));
  }
  return corrected;
}

/** Batches of the same size: positions drawn for one must exist in all. */
export async function wholeBatches(
  runtime: Runtime,
  model: Model,
  calibration: Dataset,
): Promise<CalibrationBatches> {
  const session = await openModel(runtime, model);
  const feeder = feederFor(session, calibration, {
    batchSize: Math.min(batchSize, calibration.samples),
  });
  await session.close();
  const rest = feeder.isFixed ? 0 : calibration.samples % feeder.batchSize;
  return new CalibrationBatches(calibration.sample(calibration.samples - rest, 0), feeder);
}

/** The shapes that layers work on, seen on the first batch. */
async function dimsOfLayers(
  model: Model,
  layers: readonly QuantizedLayer[],
  data: CalibrationBatches,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Visit['dims'][]> {
  const excerpt = new Excerpt(model);
  const values = layers.flatMap(({ site }) => [site.input, site.node.output[0]]);
  const asked = new Map(values.map((name) => [name, excerpt.node('Shape', [name])]));
  const session = await openModel(runtime, excerpt.build([...asked.values()]));
  try {
    const first = await data.each(signal).next();
    if (first.done) return [];
    const results = await session.run(first.value.feeds, undefined, signal);
    const dims = (name: string): number[] =>
      Array.from(results[asked.get(name)!].data as BigInt64Array, Number);
    return layers.map(({ site }) => ({
      reads: dims(site.input),
      gives: dims(site.node.output[0]),
    }));
  } finally {
    await session.close();
  }
}

/**
 * The nodes of layers in a model. In a simulation, quantizers may stand between a node and the value
 * that has the name of what it gives.
 */
function nodesIn({ graph }: Model, sites: readonly LayerSite[]): Node[] {
  const makers = new Map(graph!.node.flatMap((node) => node.output.map((name) => [name, node])));
  return sites.map(({ node: { output, opType } }) => {
    let node = makers.get(output[0])!;
    while (node.opType !== opType) node = makers.get(node.input[0])!;
    return node;
  });
}
