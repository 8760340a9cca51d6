/**
 * A model in which the channels of a group can be held at a value, as inputs of its own say: between
 * a value and the layers that read it lies x·keep + fill. Only what lies behind is run, on values of
 * the original.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import { assumedSizes } from '../inspect/sizes';
import type { Graph, Model, Node } from '../ir/model';
import { freshNames } from '../ir/naming';
import { nodeCost } from '../ops/cost';
import { settledValues } from '../runtime/excerpt';
import type { Feeds } from '../runtime/runtime';
import type { ChannelMoments, ChannelValue } from './channel-moments';
import { sitesOfMain } from './taps';

/** A value whose channels are held for all layers that read it with weights. */
export interface MaskPoint extends ChannelValue {
  readonly rank: number;
  /** For each channel the unit of the group, or -1. */
  readonly units: Int32Array;
  readonly readers: readonly Node[];
  /** Inputs of the masked model: 1 for channels that pass and 0 for others, and what is added. */
  readonly keep: string;
  readonly fill: string;
}

export interface MaskedModel {
  readonly group: ChannelGroup;
  readonly points: readonly MaskPoint[];
  readonly model: Model;
  /** Values of the original that a run begins with. */
  readonly frontier: readonly string[];
  /** Outputs of the model that the masks can change. */
  readonly outputs: readonly string[];
  /** Of one image, for what lies behind the masks. */
  readonly macs: number;
}

/** Why a group cannot be masked. */
export function withoutMasks(group: ChannelGroup, analysis: ChannelAnalysis): string | undefined {
  if (maskPoints(group, analysis).length > 0) return undefined;
  return 'No layer of the main graph reads these channels with weights of its own, so there is no place where they could be masked.';
}

export function maskedModel(group: ChannelGroup, analysis: ChannelAnalysis): MaskedModel {
  const points = maskPoints(group, analysis);
  const graph = analysis.model.graph!;
  const fresh = freshNames(graph);
  const pointOf = new Map(points.flatMap((point) => point.readers.map((node) => [node, point])));
  const masks = new Map<MaskPoint, Node>();
  const node = graph.node.flatMap((each) => {
    const point = pointOf.get(each);
    if (!point) return [each];
    const { value, keep, fill } = point;
    const held = masks.get(point)?.output[0] ?? fresh(`${value}_held`);
    const reader = { ...each, input: [held, ...each.input.slice(1)] };
    if (masks.has(point)) return [reader];
    const kept = binary('Mul', value, keep, fresh(`${value}_kept`));
    const mask = binary('Add', kept.output[0], fill, held);
    masks.set(point, mask);
    return [kept, mask, reader];
  });
  const inputs = points.flatMap(({ keep, fill, rank }) =>
    [keep, fill].map((name) => floatInput(name, rank)),
  );
  const edited: Graph = { ...graph, node, input: [...graph.input, ...inputs] };
  const own = new Set(inputs.map(({ name }) => name));
  const pending = node.filter(({ input }) => own.has(input[1]));
  const behind = nodesBehind(graph, pointOf);
  const made = new Set(behind.flatMap(({ output }) => output));
  const { resolve } = assumedSizes(analysis.model);
  return {
    group,
    points,
    model: { ...analysis.model, graph: edited },
    frontier: settledValues(edited, pending).filter((name) => !own.has(name)),
    outputs: graph.output.flatMap(({ name = '' }) => (made.has(name) ? [name] : [])),
    macs: behind.reduce(
      (sum, each) => sum + nodeCost(each, graph, analysis.types, resolve).macs,
      0,
    ),
  };
}

/** The inputs of a masked model with these units held at their means. */
export function maskFeeds(
  points: readonly MaskPoint[],
  units: Iterable<number>,
  moments: ReadonlyMap<string, ChannelMoments>,
): Feeds {
  const held = new Set(units);
  return Object.fromEntries(
    points.flatMap(({ value, axis, rank, units: unitOf, keep, fill }) => {
      const { mean } = moments.get(value)!;
      const dims = Array.from({ length: rank }, (_, at) => (at === axis ? unitOf.length : 1));
      const passes = Float32Array.from(unitOf, (unit) => (held.has(unit) ? 0 : 1));
      const added = passes.map((pass, channel) => (pass === 1 ? 0 : mean[channel]));
      return [
        [keep, { type: 'float', dims, data: passes }],
        [fill, { type: 'float', dims, data: added }],
      ];
    }),
  ) as Feeds;
}

/** Where the channels of a group are read with weights of the main graph. */
export function maskPoints(group: ChannelGroup, analysis: ChannelAnalysis): MaskPoint[] {
  const points = new Map<string, MaskPoint & { readers: Node[] }>();
  const fresh = freshNames(analysis.model.graph!);
  for (const { node, roles, inputs, inputLabels } of sitesOfMain(analysis)) {
    if (!roles.some(({ role }) => role === 'in') || inputs[0]?.dtype !== 'float') continue;
    const rank = inputs[0].shape?.length ?? 0;
    for (const axis of new Set([1, rank - 1])) {
      const units = analysis.unitsOn(inputLabels[0]?.[axis], group);
      if (axis < 1 || !units.some((unit) => unit >= 0)) continue;
      const value = node.input[0];
      const known = points.get(value);
      if (known) known.readers.push(node);
      else {
        const names = { keep: fresh('keep'), fill: fresh('fill') };
        points.set(value, { value, axis, rank, units, readers: [node], ...names });
      }
      break;
    }
  }
  return [...points.values()];
}

/** The readers and all that follows from what they give, in graph order. */
function nodesBehind(graph: Graph, readers: ReadonlyMap<Node, unknown>): Node[] {
  const behind = new Set<string>();
  return graph.node.filter((node) => {
    if (!readers.has(node) && !node.input.some((name) => behind.has(name))) return false;
    node.output.forEach((name) => behind.add(name));
    return true;
  });
}

function binary(opType: string, a: string, b: string, output: string): Node {
  return {
    name: output,
    opType,
    input: [a, b],
    output: [output],
    attribute: [],
    metadataProps: [],
  };
}

function floatInput(name: string, rank: number) {
  const dim = Array.from({ length: rank }, () => ({}));
  return { name, type: { tensorType: { elemType: 1, shape: { dim } } }, metadataProps: [] };
}
