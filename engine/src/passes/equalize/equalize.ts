/**
 * Cross-layer equalization: makes the weights of a layer's channels equally large, so that one scale
 * serves them all, and lets the next layer undo it (Nagel et al. 2019, "Data-free quantization through
 * weight equalization and bias correction").
 */

import type { Issue } from '../../ir/issue';
import type { Model, Node } from '../../ir/model';
import { idlePatterns, layerRule } from '../layer-rules';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { leftNote } from '../rescale/left-note';
import type { RescaledLayer } from '../rescale/layers';
import { LinkFinder, type Link } from '../rescale/links';
import { ChannelRanges, unusedBits } from '../rescale/ranges';
import { Rescaler } from '../rescale/rescaler';
import { channelStatistics } from '../rescale/statistics';
import { simplify } from '../simplify/simplify';
import { absorb, absorbable, absorptionObstacle } from './absorb';
import { balance, rangesRead, type Limits, type Pair } from './balance';
import { limitsOf } from './limits';
import { boundPerChannel, dropBound } from './bounds';
import { equalizeOptions, type EqualizeOptions } from './options';
import { foldNormalization, type Moments } from './prepare';

export const equalize: Pass<EqualizeOptions> = {
  id: 'equalize',
  title: 'Cross-layer equalization',
  doc: 'Scales the channels between two layers so that their weights become equally large, and the model computes what it did. Quantization with one scale for a whole weight gains from it. Folds BatchNormalization first. No training, no data.',
  options: equalizeOptions,
  refuse: simplify.refuse,
  run,
};

/** A link between layers, with what is done to it. */
interface Joint extends Pair {
  readonly link: Link;
  readonly layer: RescaledLayer;
  readonly before: number;
  /** Channels that have weights, and only zeros read. */
  readonly unread: number;
}

async function run(
  given: Model,
  options: EqualizeOptions,
  outer: PassContext,
): Promise<PassResult> {
  const context = { ...outer, seed: options.seed ?? outer.seed };
  const { signal, progress } = context;
  const { model, normalized } = await foldNormalization(given, context);
  const { joints, left, names } = findJoints(model, options);
  const issues = idlePatterns(names, options.layers, 'layer', 'inspect');
  if (joints.length === 0) {
    return { model: given, changed: false, notes: left, issues: [...issues, nothingEqualized()] };
  }
  const moments = await momentsOf(model, joints, normalized, options, context);
  progress({ message: `equalizing ${joints.length} pairs of layers` });
  balance(
    joints.map((joint) => ({ ...joint, limits: limitsAt(joint, moments, options) })),
    signal,
  );
  const rescaler = new Rescaler(model);
  for (const ranges of rangesOf(joints)) {
    rescaler.scaleWeight(ranges.layer, ranges.inputFactors, ranges.outputFactors);
  }
  const absorbed = joints.map((joint) => joinUp(rescaler, joint, moments, options));
  return {
    model: rescaler.model,
    changed: true,
    notes: [...joints.map((joint, i) => noteOf(joint, absorbed[i])), ...left],
    issues: [...issues, ...warnings(joints, options)],
  };
}

function findJoints(model: Model, options: EqualizeOptions) {
  const finder = new LinkFinder(model);
  const ranges = new Map<Node, ChannelRanges>();
  const rangesAt = (layer: RescaledLayer): ChannelRanges => {
    const found = ranges.get(layer.node) ?? new ChannelRanges(layer);
    ranges.set(layer.node, found);
    return found;
  };
  const joints: Joint[] = [];
  const left: PassNote[] = [];
  const names: string[][] = [];
  for (const node of finder.order) {
    const layer = finder.layer(node);
    if (!layer) continue;
    names.push([layer.name]);
    const link = linkAt(finder, layer, options);
    if (typeof link === 'string') {
      left.push(leftNote(layer, link));
      continue;
    }
    const source = rangesAt(layer);
    const readers = link.readers.map(({ layer, features }) => ({
      ranges: rangesAt(layer),
      features,
    }));
    const pair = { source, readers };
    const unread = unreadChannels(pair);
    const [bound] = link.bounded;
    if (options.relu6 === 'keep' && bound && unread === 0) {
      left.push(leftNote(layer, boundObstacle(bound.most)));
      continue;
    }
    joints.push({ link, layer, ...pair, before: apartness(pair), unread });
  }
  return { joints, left, names };
}

/** The link that begins at a layer, or why its channels stay as they are. */
function linkAt(
  finder: LinkFinder,
  layer: RescaledLayer,
  { layers }: EqualizeOptions,
): Link | string {
  if (layerRule([layer.name], layers).skip) return 'the recipe leaves it';
  if (layer.bias === 'computed') return 'its bias is not one stored number for each channel';
  return finder.linkFrom(layer.node, layer.node.output[0], layer.gives);
}

function boundObstacle(most: number): string {
  return `the activation behind it is bounded at ${most} (relu6: per-channel or replace would include it)`;
}

function unreadChannels({ source, readers }: Pair): number {
  const given = source.ofOutputs();
  const read = rangesRead(readers, given.length);
  return given.filter((range, c) => range > 0 && read[c] === 0).length;
}

/** Layers take part in up to two joints, with the same ranges. */
function rangesOf(joints: readonly Joint[]): Set<ChannelRanges> {
  return new Set(
    joints.flatMap(({ source, readers }) => [source, ...readers.map((each) => each.ranges)]),
  );
}

/** Bits of the grids of both weights that the average channel leaves unused. */
function apartness({ source, readers }: Pair): number {
  const given = source.ofOutputs();
  return unusedBits(given) + unusedBits(rangesRead(readers, given.length));
}

/** Moments of what layers give, before they are scaled: of BatchNormalization, else of data. */
async function momentsOf(
  model: Model,
  joints: readonly Joint[],
  normalized: ReadonlyMap<string, Moments>,
  { relu6, absorb_bias, samples }: EqualizeOptions,
  context: PassContext,
): Promise<ReadonlyMap<string, Moments>> {
  const { runtime, calibration, seed } = context;
  const unknown = joints.filter(
    ({ layer, link }) =>
      !normalized.has(link.value) &&
      ((relu6 === 'within' && link.bounded.length > 0) ||
        (absorb_bias && !absorptionObstacle(layer, link))),
  );
  if (unknown.length === 0 || !runtime || !calibration) return normalized;
  const data = calibration.sample(Math.min(samples, calibration.samples), seed);
  const values = new Map(unknown.map(({ link }) => [link.value, link.where]));
  const seen = await channelStatistics(model, values, { runtime, calibration: data }, context);
  return new Map([...normalized, ...seen]);
}

/** How far channels that are read may be scaled where the bound between stays; any where there is none. */
function limitsAt(
  { link }: Joint,
  moments: ReadonlyMap<string, Moments>,
  { relu6 }: EqualizeOptions,
): Limits | undefined {
  if (link.bounded.length === 0) return undefined;
  switch (relu6) {
    case 'keep':
      return limitsOf(link, undefined);
    case 'within':
      return limitsOf(link, moments.get(link.value));
    default:
      return undefined;
  }
}

/** Carries a joint's factors over what lies between its layers; gives what became of large biases. */
function joinUp(
  rescaler: Rescaler,
  { link, layer, source }: Joint,
  moments: ReadonlyMap<string, Moments>,
  { relu6, absorb_bias }: EqualizeOptions,
): string {
  const factors = source.outputFactors;
  const obstacle = absorb_bias ? absorptionObstacle(layer, link) : undefined;
  const known = absorb_bias && !obstacle ? moments.get(link.value) : undefined;
  const amount = known ? absorbable(known) : new Float64Array(factors.length);
  const scaled = amount.map((each, c) => each * factors[c]);
  for (const { node, input, where } of link.constants) {
    rescaler.scaleConstant(node, input, factors, where);
  }
  if (relu6 === 'per-channel') boundPerChannel(rescaler, link, factors, scaled);
  if (relu6 === 'replace') for (const clip of link.bounded) dropBound(rescaler, clip);
  if (!absorb_bias) return '';
  if (obstacle) return `; no bias absorbed: ${obstacle}`;
  if (!known) return '; no bias absorbed: neither BatchNormalization nor calibration data';
  const count = amount.filter((each) => each > 0).length;
  if (count > 0) absorb(rescaler, layer, link.readers, scaled);
  return `; biases of ${count} channels absorbed`;
}

function noteOf(joint: Joint, absorbed: string): PassNote {
  const { layer, link, before, source, unread } = joint;
  const after = apartness(joint);
  const scales = source.outputFactors.map((factor) => 1 / factor);
  const [least, most] = [Math.min(...scales), Math.max(...scales)];
  const readers = link.readers.map((each) => each.layer.name);
  const dead = unread > 0 ? `; ${unread} of its channels are read with zeros only` : '';
  return {
    subject: layer.name,
    layers: [layer.name, ...readers],
    counts: 'bits',
    before,
    after,
    reason: `With ${readers.join(' and ')}: the average channel left ${before.toFixed(2)} bits of common grids unused, now ${after.toFixed(2)}; divided by ${least.toPrecision(2)} to ${most.toPrecision(2)}${dead}${absorbed}.`,
    why: { before, after, leastScale: least, mostScale: most, unread },
  };
}

function nothingEqualized(): Issue {
  return {
    severity: 'warning',
    code: 'nothing-equalized',
    message:
      'No two layers have only homogeneous nodes between them; the notes say for each layer what is in the way.',
  };
}

function warnings(joints: readonly Joint[], { relu6 }: EqualizeOptions): Issue[] {
  const count = joints.reduce((sum, { link }) => sum + link.bounded.length, 0);
  if (relu6 !== 'replace' || count === 0) return [];
  return [
    {
      severity: 'information',
      code: 'bounds-dropped',
      message: `${count} activations with an upper bound are plain ReLU now, so the outputs differ wherever a value reached its bound.`,
    },
  ];
}
