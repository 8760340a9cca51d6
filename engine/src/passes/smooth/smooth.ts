/**
 * SmoothQuant (Xiao et al. 2022, "SmoothQuant: Accurate and efficient post-training quantization for
 * large language models", eq. 4): channel j of what a product reads is divided by
 *
 *   s_j = max|X_j|^α / max|W_j|^(1−α)
 *
 * and its weights W_j are multiplied by it, so that outliers of the activations, which cost a common
 * grid its resolution, become a matter of the weights. The division goes into what comes before.
 */

import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model, Node } from '../../ir/model';
import { idlePatterns, layerRule } from '../layer-rules';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { prepare } from '../quantize/prepare';
import { leftNote } from '../rescale/left-note';
import type { RescaledLayer } from '../rescale/layers';
import { LinkFinder, type ChannelAxis, type Link } from '../rescale/links';
import { ChannelRanges, unusedBits } from '../rescale/ranges';
import { Rescaler } from '../rescale/rescaler';
import { channelStatistics, type ChannelStatistics } from '../rescale/statistics';
import { simplify } from '../simplify/simplify';
import { smoothOptions, type SmoothOptions } from './options';
import { sourceAt, type Source } from './sources';

export const smooth: Pass<SmoothOptions> = {
  id: 'smooth',
  title: 'SmoothQuant',
  doc: 'Moves outliers of what MatMul and Gemm read into their weights, where the node before can take the factor, and the model computes what it did. Quantized activations gain from it. Needs calibration data. No training.',
  options: smoothOptions,
  refuse: simplify.refuse,
  run,
};

interface Joint {
  readonly source: Source;
  readonly link: Link;
}

async function run(given: Model, options: SmoothOptions, outer: PassContext): Promise<PassResult> {
  const context = { ...outer, seed: options.seed ?? outer.seed };
  const { runtime, calibration, seed, progress } = context;
  if (!runtime || !calibration) {
    throw new CoppiceError(
      'no-calibration',
      'Smoothing looks at what layers read: give data in the recipe, or --data.',
    );
  }
  const model = await prepare(given, context);
  const { joints, left, names } = findJoints(model, options);
  const issues = idlePatterns(names, options.layers, 'MatMul or Gemm', 'inspect');
  if (joints.length === 0) {
    return { model: given, changed: false, notes: left, issues: [...issues, nothingSmoothed()] };
  }
  const data = calibration.sample(Math.min(options.samples, calibration.samples), seed);
  const read = joints.flatMap(({ link }) => link.readers);
  const values = new Map(read.map(({ layer, value }) => [value, placeOf(layer)]));
  const seen = await channelStatistics(model, values, { runtime, calibration: data }, context);
  progress({ message: `smoothing what ${read.length} layers read` });
  const { rescaler, notes } = rescale(model, joints, seen, options);
  return { model: rescaler.model, changed: true, notes: [...notes, ...left], issues };
}

/** Where a product reads its channels. */
function placeOf({ gives, inputs }: RescaledLayer): ChannelAxis {
  return { ...gives, channels: inputs };
}

function findJoints(model: Model, { layers }: SmoothOptions) {
  const finder = new LinkFinder(model);
  const products = finder.order.flatMap((node) => {
    const layer = finder.layer(node);
    return layer && !node.opType!.startsWith('Conv') ? [layer] : [];
  });
  const reasons = new Map<Node, string>();
  const joints: Joint[] = [];
  for (const node of finder.order) {
    const source = sourceAt(node, finder);
    const link = source && finder.linkFrom(node, node.output[0], source.where);
    if (!link || typeof link === 'string') continue;
    const skipped = link.readers.find(({ layer }) => layerRule([layer.name], layers).skip);
    const convolution = link.readers.find(({ layer }) => layer.node.opType!.startsWith('Conv'));
    const obstacle = skipped
      ? 'the recipe leaves it, or what reads the same'
      : convolution
        ? `the convolution ${convolution.layer.name} reads the same`
        : link.bounded.length > 0
          ? 'the activation before it has an upper bound'
          : undefined;
    for (const { layer } of link.readers) reasons.set(layer.node, obstacle ?? '');
    if (!obstacle) joints.push({ source, link });
  }
  const left = products
    .filter(({ node }) => reasons.get(node) !== '')
    .map((layer) => leftNote(layer, reasons.get(layer.node) ?? unreachable(finder, layer)));
  return { joints, left, names: products.map(({ name }) => [name]) };
}

function unreachable({ index }: LinkFinder, { node }: RescaledLayer): string {
  const maker = index.producer(node.input[0])?.node;
  return maker
    ? `what it reads comes from ${maker.opType}, and nothing before that can take a factor for it alone`
    : 'it reads an input of the model';
}

function rescale(
  model: Model,
  joints: readonly Joint[],
  seen: ReadonlyMap<string, ChannelStatistics>,
  { alpha }: SmoothOptions,
): { rescaler: Rescaler; notes: PassNote[] } {
  const ranges = new Map<Node, ChannelRanges>();
  const rangesAt = (layer: RescaledLayer): ChannelRanges => {
    const found = ranges.get(layer.node) ?? new ChannelRanges(layer);
    ranges.set(layer.node, found);
    return found;
  };
  const rescaler = new Rescaler(model);
  const notes = joints.map(({ source, link }) => {
    const { channels } = link.where;
    const [activations, weights] = [new Float64Array(channels), new Float64Array(channels)];
    for (const { layer, value, features } of link.readers) {
      const { least, most } = seen.get(value)!;
      rangesAt(layer)
        .ofInputs()
        .forEach((range, i) => {
          const channel = Math.floor(i / features);
          weights[channel] = Math.max(weights[channel], range);
          activations[channel] = Math.max(activations[channel], most[i], -least[i]);
        });
    }
    const scales = activations.map((activation, c) =>
      // A channel that is always zero, or that nobody weighs, has nothing to move.
      activation > 0 && weights[c] > 0 ? activation ** alpha / weights[c] ** (1 - alpha) : 1,
    );
    for (const { layer, features } of link.readers) {
      const factors = rangesAt(layer).inputFactors;
      factors.forEach((factor, i) => (factors[i] = factor * scales[Math.floor(i / features)]));
    }
    const factors = scales.map((scale) => 1 / scale);
    if (source.layer) rangesAt(source.layer).outputFactors.set(factors);
    for (const input of source.constants) scaleOwn(rescaler, source, input, factors);
    for (const { node, input, where } of link.constants) {
      rescaler.scaleConstant(node, input, factors, where);
    }
    return noteOf(link, activations, scales);
  });
  for (const each of ranges.values()) {
    rescaler.scaleWeight(each.layer, each.inputFactors, each.outputFactors);
  }
  return { rescaler, notes };
}

/** The constants of a norm are vectors, whichever axis they belong to. */
function scaleOwn(rescaler: Rescaler, source: Source, input: number, factors: Float64Array): void {
  const { channels } = source.where;
  const where = source.node.opType === 'Mul' ? source.where : { axis: 0, rank: 1, channels };
  rescaler.scaleConstant(source.node, input, factors, where);
}

function noteOf(link: Link, activations: Float64Array, scales: Float64Array): PassNote {
  const names = link.readers.map(({ layer }) => layer.name);
  const before = unusedBits(activations);
  const after = unusedBits(activations.map((each, c) => each / scales[c]));
  return {
    subject: names.join(' and '),
    layers: names,
    counts: 'bits',
    before,
    after,
    reason: `What it reads: the average channel left ${before.toFixed(2)} bits of a common grid unused, now ${after.toFixed(2)}; ${link.source.opType} takes the factors.`,
    why: { before, after },
  };
}

function nothingSmoothed(): Issue {
  return {
    severity: 'warning',
    code: 'nothing-smoothed',
    message:
      'No MatMul or Gemm reads something that can be scaled; the notes say for each what is in the way.',
  };
}
