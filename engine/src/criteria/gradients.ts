/** Streams gradients of the loss over the calibration data. Normalizations keep their statistics. */

import { assumedSizes } from '../inspect/sizes';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import { nodeCost } from '../ops/cost';
import { inferTypes } from '../ops/infer';
import { feederFor } from '../runtime/feeds';
import type { NamedTensor } from '../runtime/runtime';
import { blockOf } from '../train/blocked/probe';
import { gradientGraph, type GradientGraph } from '../train/gradient-graph';
import { crossEntropyAt } from '../train/losses/cross-entropy';
import { flatten, type Parameter } from '../train/parameters';
import { logitsOf } from '../train/logits';
import { batched, withSampleSizes } from '../train/inputs';
import type { RecordOptions } from '../train/record';
import type { Observation } from './criterion';
import { targetsOf } from './targets';

/** Multiply-accumulates of one run that its memory can bear: 32 images of ResNet-20, 4 of MobileNetV2. */
const workOfRun = 1.3e9;
const mostTogether = 32;

/**
 * Multiply-accumulates of forward passes over all images; gradients take about twice as many again.
 * Beyond it fewer images are looked at, which is work and not time, so that scores repeat.
 */
const workBudget = 1e11;

export interface Differentiated extends Pick<RecordOptions, 'trained' | 'extra'> {
  readonly model: Model;
  /** Samples whose gradients are taken together. */
  readonly batch: number;
}

/** The analysed model with the sizes of the data where it leaves any but the batch open. */
export function sizedModel({ analysis: { model }, calibration }: Observation): Model {
  return withSampleSizes(model, calibration);
}

/** How many samples one run can take: one alone where the model spells its batch out somewhere. */
export function samplesTogether(model: Model, observation: Observation): number {
  const fitting = Math.floor(workOfRun / macsOf(observation));
  const wanted = Math.max(1, Math.min(mostTogether, fitting, observation.calibration.samples));
  const types = inferTypes(model, { inputs: batched(model, wanted) });
  return types.type(logitsOf(model))?.shape?.[0] === wanted ? wanted : 1;
}

/** The calibration data, or as much of it as the budget allows. */
export function affordable(observation: Observation): Observation {
  const { calibration, seed } = observation;
  const images = Math.max(1, Math.floor(workBudget / macsOf(observation)));
  if (images >= calibration.samples) return observation;
  return { ...observation, calibration: calibration.sample(images, seed) };
}

function macsOf({ analysis: { model, types } }: Observation): number {
  const { resolve } = assumedSizes(model);
  const graph = model.graph!;
  return graph.node.reduce((sum, node) => sum + nodeCost(node, graph, types, resolve).macs, 1);
}

/**
 * Hands over the gradient of the sum of the losses of each batch's samples.
 *
 * @param visit gets the flat vector in the layout of `parameters`.
 * @throws CoppiceError `no-classes`, `feeds`, or `no-gradient` where an operator stands in the way.
 */
export async function streamGradients(
  { model, batch: size, ...chosen }: Differentiated,
  observation: Observation,
  visit: (gradient: Float32Array, parameters: readonly Parameter[]) => void,
): Promise<void> {
  const { runtime, calibration, signal, progress } = observation;
  const targets = await targetsOf(observation);
  const block = await blockOf(runtime);
  const graph = graphOf(model, targets.temperature, { ...chosen, batch: size, block });
  const { parameters } = graph;
  const weights = flatten(parameters.map(({ tensor }) => tensor));
  const session = await runtime.open(encodeModel(graph.model), {
    optimize: 'basic',
    memoryPattern: false,
    label: 'the graph of gradients',
  });
  try {
    const fixed = { '@weights': floats([weights.length], weights) };
    const feeder = feederFor(session, calibration, {
      feeds: { ...fixed, '@targets': floats([size, targets.classes], new Float32Array()) },
    });
    let done = 0;
    for await (const batch of calibration.batches(size, signal)) {
      const samples = batch.dims[0];
      const shares = new Float32Array(size * targets.classes);
      // What only fills up a batch has no target, and so neither a loss nor a gradient.
      for (let n = 0; n < samples; n++) shares[n * targets.classes + targets.of[done + n]] = 1;
      const feeds = {
        ...feeder.feeds(batch),
        '@targets': floats([size, targets.classes], shares),
      };
      const { '@gradient': gradient } = await session.run(feeds, ['@gradient'], signal);
      // The loss is a mean over the batch.
      visit(
        (gradient.data as Float32Array).map((each) => each * size),
        parameters,
      );
      done += samples;
      progress(done / calibration.samples);
    }
  } finally {
    await session.close();
  }
}

function graphOf(
  model: Model,
  temperature: number,
  options: Pick<RecordOptions, 'batch' | 'block' | 'trained' | 'extra'>,
): GradientGraph {
  const losses = [{ loss: crossEntropyAt(temperature), weight: 1 }];
  try {
    return gradientGraph(model, { ...options, statistics: 'fixed', losses });
  } catch (error) {
    if (!(error instanceof CoppiceError)) throw error;
    const [problem] = error.message.replace(/\.$/, '').split('. Freeze');
    const advice = 'Take a criterion that needs no gradients, such as contribution.';
    throw new CoppiceError(error.code, `${problem}. ${advice}`, { cause: error });
  }
}

function floats(dims: readonly number[], data: Float32Array): NamedTensor {
  return { type: 'float', dims, data };
}
