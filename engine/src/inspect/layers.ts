/** Finds the layers of a model, the nodes that hold weights, and counts what each of them costs. */

import { indexGraph, subgraphs, type GraphIndex } from '../ir/graph-index';
import { layerName, layerOfWeight } from '../ir/layer-name';
import type { Graph, Model, Node, Tensor } from '../ir/model';
import type { Dim } from '../ir/dim';
import { nodeCost, type Resolve } from '../ops/cost';
import type { TypeTable } from '../ops/infer';
import { Constants, type Constant } from './constants';
import { assumedSizes } from './sizes';
import { trafficOf, type Traffic } from './traffic';
import { isWeight, weightRole, type WeightRole } from './weight-roles';

export interface LayerWeight {
  readonly constant: Constant;
  /** Position among the node's inputs. */
  readonly input: number;
  readonly role: WeightRole;
}

export interface Layer {
  /** Unique: the name its weights carry (`layer1.0.conv1`), else the node's. */
  readonly name: string;
  readonly node: Node;
  readonly graph: Graph;
  readonly weights: readonly LayerWeight[];
  readonly outputShape: readonly Dim[] | undefined;
  /** Elements of weights, biases, scales and shifts. */
  readonly params: number;
  /** Elements of running statistics and quantization parameters. */
  readonly buffers: number;
  readonly macs: number;
  readonly weightBytes: number;
  /** What running it moves, weights included. */
  readonly traffic: Traffic;
}

/**
 * The layers in graph order, those inside of subgraphs after the node that holds them. Symbols
 * that `types` leaves open count as `assumedSizes` says. A bias that an Add behind the node holds
 * belongs to the node's layer.
 */
export function findLayers(
  model: Model,
  types: TypeTable,
  resolve: Resolve = assumedSizes(model).resolve,
): Layer[] {
  if (!model.graph) return [];
  const finder = new LayerFinder(types, resolve);
  finder.visit(new Constants(model.graph, types));
  return finder.layers;
}

/** A constant once, however many layers share it. */
export function distinctConstants(
  layers: readonly Layer[],
  role?: WeightRole,
): ReadonlyMap<object, Constant> {
  const weights = layers.flatMap((layer) => layer.weights);
  const chosen = role ? weights.filter((each) => each.role === role) : weights;
  return new Map(chosen.map(({ constant }) => [constant.key, constant]));
}

class LayerFinder {
  readonly layers: Layer[] = [];
  private readonly taken = new Map<string, number>();

  constructor(
    private readonly types: TypeTable,
    private readonly resolve: Resolve,
  ) {}

  visit(constants: Constants): void {
    const { graph } = constants;
    const index = indexGraph(graph);
    const absorbed = new Set<Node>();
    for (const node of graph.node) {
      const weights = absorbed.has(node) ? [] : weightsOf(node, constants);
      if (weights.some(({ role, constant }) => role === 'parameter' && isWeight(constant))) {
        const bias = biasBehind(node, weights, index, constants);
        if (bias) absorbed.add(bias.node);
        this.add(node, graph, [...weights, ...(bias?.weights ?? [])], bias?.node ?? node);
      }
      for (const inner of subgraphs(node)) this.visit(new Constants(inner, this.types, constants));
    }
  }

  private add(node: Node, graph: Graph, weights: readonly LayerWeight[], last: Node): void {
    const names = weights.map(({ constant }) => constant.name);
    const named = names.find((name) => layerOfWeight(name));
    this.layers.push({
      name: this.unique(layerName(node, named)),
      node,
      graph,
      weights,
      outputShape: this.types.type(last.output[0] ?? '', graph)?.shape,
      params: total(weights, 'elements', 'parameter'),
      buffers: total(weights, 'elements', 'buffer'),
      macs: nodeCost(node, graph, this.types, this.resolve).macs,
      weightBytes: total(weights, 'bytes'),
      traffic: trafficOf(node, graph, this.types, this.resolve),
    });
  }

  private unique(name: string): string {
    const uses = (this.taken.get(name) ?? 0) + 1;
    this.taken.set(name, uses);
    return uses === 1 ? name : this.unique(`${name}_${uses}`);
  }
}

function total(
  weights: readonly LayerWeight[],
  what: 'elements' | 'bytes',
  role?: WeightRole,
): number {
  const chosen = weights.filter((each) => !role || each.role === role);
  const distinct = new Map(chosen.map(({ constant }) => [constant.key, constant[what]]));
  return [...distinct.values()].reduce((sum, each) => sum + each, 0);
}

/** The constants that a node uses as its own; none where it only prepares constants itself. */
function weightsOf(node: Node, constants: Constants): LayerWeight[] {
  const sources = node.input.map((name) => (name ? constants.behind(name) : []));
  const prepares = node.input.length === 0 || sources.every((each) => each !== undefined);
  if (prepares) return [];
  return sources.flatMap((found, input) =>
    (found ?? []).flatMap((constant) => {
      const role = weightRole(node, input, constant);
      return role ? [{ constant, input, role }] : [];
    }),
  );
}

/**
 * The Add behind a node that only adds a weight of the same layer: the bias of a matrix product,
 * the shift of a normalization that is spelled out.
 */
function biasBehind(
  node: Node,
  own: readonly LayerWeight[],
  index: GraphIndex,
  constants: Constants,
): { node: Node; weights: LayerWeight[] } | undefined {
  const uses = index.uses(node.output[0]);
  const [use] = uses;
  if (uses.length !== 1 || use.node.opType !== 'Add' || index.isOutput(node.output[0])) {
    return undefined;
  }
  const weights = weightsOf(use.node, constants);
  if (weights.length !== 1) return undefined;
  const { name, tensor } = weights[0].constant;
  const layer = layerOfWeight(name);
  const related =
    (node.opType === 'MatMul' && tensor !== undefined && isVector(tensor)) ||
    (layer !== undefined && own.some(({ constant }) => layerOfWeight(constant.name) === layer));
  return related ? { node: use.node, weights } : undefined;
}

function isVector({ dims }: Tensor): boolean {
  return dims.length > 0 && dims.slice(0, -1).every((dim) => Number(dim) === 1);
}
