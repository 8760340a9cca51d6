/**
 * Which corrections are solved for together, and in which order. Layers whose outputs add up to one
 * value, the branches that meet in a residual sum, share one regression on the features of all of
 * them; a layer of very many features is taken in parts, one after the other.
 */

import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Graph } from '../../ir/model';
import { topologicalOrder } from '../../ir/traverse';
import type { CorrectableLayer, Offset } from './correctable';

/** A layer, or some of the input channels it reads. */
export interface Term {
  readonly layer: CorrectableLayer;
  /** The first of the input channels of each group, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/** One regression: how the weights of the terms may change what is compared. */
export interface Joint {
  readonly compared: string;
  readonly terms: readonly Term[];
  readonly groups: number;
  readonly outputs: number;
  readonly offset: Offset | undefined;
  /** Whether an activation follows, which sees the variance of what one whole layer gives it. */
  readonly activated: boolean;
}

/** Features of one regression, unless asked otherwise; twice as many take eight times as long. */
const usualFeatures = 2304;

/** How often a layer that is taken in parts is gone through. */
const sweeps = 2;

export function featuresOf({ layer: { layout }, from, to }: Term): number {
  return (to - from) * layout.taps;
}

/** The joints of some layers in the order in which they must be solved. */
export function jointsOf(
  layers: readonly CorrectableLayer[],
  graph: Graph,
  mostFeatures = usualFeatures,
): Joint[] {
  const index = indexGraph(graph);
  const position = new Map(topologicalOrder(graph).order.map((node, at) => [node, at]));
  const together = new Map<string, CorrectableLayer[]>();
  for (const layer of layers) {
    const key = `${layer.compared} ${layer.layout.groups}`;
    together.set(key, [...(together.get(key) ?? []), layer]);
  }
  // Whatever a compared value depends on comes before it, so its errors are known by then.
  const order = (all: readonly CorrectableLayer[]): number =>
    position.get(index.producer(all[0].compared)!.node)!;
  return [...together.values()]
    .sort((a, b) => order(a) - order(b))
    .flatMap((all) => {
      const solved = parts(all, mostFeatures);
      const alone = solved.length === 1 && all.length === 1 && !all[0].joined && all[0].offset;
      const activated = Boolean(alone) && isActivated(all[0].compared, index);
      return solved.map((joint) => ({ ...joint, activated }));
    });
}

/** Operators that bend each element by itself, the usual activations. */
const activations = new Set([
  'Relu',
  'Clip',
  'LeakyRelu',
  'PRelu',
  'Sigmoid',
  'HardSigmoid',
  'HardSwish',
  'Tanh',
  'Elu',
  'Selu',
  'Softplus',
  'Gelu',
]);

function isActivated(value: string, index: GraphIndex): boolean {
  const uses = index.uses(value);
  return uses.length > 0 && uses.every(({ node }) => activations.has(node.opType ?? ''));
}

/** Splits what is too large for one regression. */
function parts(
  layers: readonly CorrectableLayer[],
  mostFeatures: number,
): Omit<Joint, 'activated'>[] {
  const [{ compared, layout }] = layers;
  const offset = layers.find((each) => each.offset)?.offset;
  const joint = (terms: readonly Term[]): Omit<Joint, 'activated'> => {
    return { compared, terms, groups: layout.groups, outputs: layout.outputs, offset };
  };
  const packed: Term[][] = [[]];
  let features = 0;
  for (const layer of layers) {
    const { channels, taps } = layer.layout;
    const size = Math.ceil(channels / Math.ceil((channels * taps) / mostFeatures));
    for (let from = 0; from < channels; from += size) {
      const term = { layer, from, to: Math.min(channels, from + size) };
      features += featuresOf(term);
      if (features > mostFeatures && packed[packed.length - 1].length > 0) {
        packed.push([]);
        features = featuresOf(term);
      }
      packed[packed.length - 1].push(term);
    }
  }
  const once = packed.map(joint);
  return once.length === 1 ? once : Array.from({ length: sweeps }, () => once).flat();
}

/** Joints measured at once, at most: their moments are in memory together. */
const mostAtOnce = 4;

/** How many of the joints, from the first on, can be measured at once: none depends on another. */
export function independent(joints: readonly Joint[], graph: Graph): number {
  const changing = new Set<string>();
  const weights = new Set<string>();
  for (const [count, { compared, terms }] of joints.entries()) {
    if (count === mostAtOnce || changing.has(compared)) return count;
    for (const { layer } of terms) weights.add(layer.weight);
    for (const node of graph.node) {
      if (!node.input.some((name) => weights.has(name) || changing.has(name))) continue;
      node.output.forEach((name) => changing.add(name));
    }
  }
  return joints.length;
}
