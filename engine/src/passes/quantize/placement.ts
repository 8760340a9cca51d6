/** Where a model is quantized for a runtime: which layers, which values, and which of them share a grid. */

import { intAttribute } from '../../ir/attributes';
import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import { layerName } from '../../ir/layer-name';
import type { Model, Node, Tensor } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { dimsOf, elementCount, floats, withElements } from '../../ir/tensor';
import { topologicalOrder, withSubgraphs } from '../../ir/traverse';
import { Kernels } from './kernels';
import { isLayer, isOperand, layerObstacle, movesOnly } from './obstacles';
import type { Profile, Treatment } from './profiles/profile';

/** A product with a weight. */
export interface LayerSite {
  readonly name: string;
  readonly node: Node;
  /** The value it reads. */
  readonly input: string;
  /** What its kernel gives: the value behind what is fused into it. */
  readonly output: string;
  readonly weight: Tensor;
  /** The axis of the weight that counts output channels, those of one group of a ConvTranspose. */
  readonly axis: number;
  /** One number for each output channel; absent where it has none, or one that is computed. */
  readonly bias?: Tensor;
}

/** Values that share one grid. */
export interface QuantizerSite {
  readonly values: readonly string[];
  /** Those whose ranges decide: the others only hold elements of them. */
  readonly observed: readonly string[];
}

export interface Placement {
  /** In graph order. */
  readonly layers: readonly LayerSite[];
  readonly quantizers: readonly QuantizerSite[];
  /** Constants that are added to or multiplied with quantized values, with one scale each. */
  readonly operands: readonly Tensor[];
  /** Nodes that compute on quantized values. */
  readonly nodes: ReadonlySet<Node>;
  /** Layers that stay in floating point. */
  readonly floats: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * @param model prepared: functions inlined, weights are initializers.
 * @param keepsFloat the reason why a layer is to stay in floating point; undefined where it is not.
 */
export function place(
  model: Model,
  profile: Profile,
  keepsFloat: (layer: string) => string | undefined = () => undefined,
): Placement {
  return new Placer(model, profile).place(keepsFloat);
}

class Placer {
  private readonly index: GraphIndex;
  private readonly order: readonly Node[];
  private readonly kernels: Kernels;
  private readonly layers: LayerSite[] = [];
  private readonly floats: { name: string; reason: string }[] = [];
  private readonly nodes = new Set<Node>();
  private readonly operands = new Map<string, Tensor>();
  private readonly quantized = new Set<string>();
  private readonly derived = new Set<string>();
  /** What products give that might as well stay floats, with their nodes. */
  private readonly products = new Map<string, Node>();
  /** The leader of the set of values that a value shares its grid with. */
  private readonly leaders = new Map<string, string>();

  constructor(
    private readonly model: Model,
    private readonly profile: Profile,
  ) {
    this.index = indexGraph(model.graph!);
    this.order = topologicalOrder(model.graph!).order;
    this.kernels = new Kernels(this.index, profile);
  }

  place(keepsFloat: (layer: string) => string | undefined): Placement {
    this.placeLayers(keepsFloat);
    for (const node of this.order) this.placeNode(node);
    for (const [output, node] of this.products) {
      if (this.isNeeded(node, output)) this.quantized.add(output);
    }
    return {
      layers: this.layers,
      quantizers: this.quantizers(),
      operands: [...this.operands.values()],
      nodes: this.nodes,
      floats: this.floats,
    };
  }

  private placeLayers(keepsFloat: (layer: string) => string | undefined): void {
    const taken = new Map<string, number>();
    for (const node of this.order) {
      if (!isLayer(node, this.index)) continue;
      const weight = this.index.initializer(node.input[1] ?? '');
      const wanted = layerName(node, weight?.name);
      const uses = (taken.get(wanted) ?? 0) + 1;
      taken.set(wanted, uses);
      const name = uses === 1 ? wanted : `${wanted}_${uses}`;
      const reason = layerObstacle(node, weight, this.index, this.profile) ?? keepsFloat(name);
      if (reason) this.floats.push({ name, reason });
      else this.placeLayer(name, node, weight!);
    }
    for (const graph of withSubgraphs(this.model.graph!)) {
      if (graph === this.model.graph) continue;
      const index = indexGraph(graph);
      for (const node of graph.node.filter((each) => isLayer(each, index))) {
        this.floats.push({ name: layerName(node, node.input[1]), reason: 'it lies in a subgraph' });
      }
    }
  }

  private placeLayer(name: string, node: Node, weight: Tensor): void {
    const { output, branch } = this.kernels.ofLayer(node);
    const bias = biasOf(node, weight, this.index.initializer(node.input[2] ?? ''));
    const [input] = node.input;
    this.layers.push({ name, node, input, output, weight, axis: outputAxis(node), bias });
    this.nodes.add(node);
    this.quantized.add(input);
    if (branch) this.quantized.add(branch);
    this.products.set(output, node);
    if (!this.profile.floatOutputs.includes(node.opType!)) this.quantized.add(output);
  }

  /** Nodes between layers join in where all they read is quantized already. */
  private placeNode(node: Node): void {
    const treatment = this.treatment(node);
    if (!treatment || this.nodes.has(node) || isLayer(node, this.index)) return;
    if (treatment === 'passes') this.placeMover(node);
    else this.placeComputation(node, treatment);
  }

  private placeMover(node: Node): void {
    const [input] = node.input;
    if (!this.canRead(input) || !movesOnly(node, this.index)) return;
    this.nodes.add(node);
    this.quantized.add(input);
    const ends = node.opType === 'Split' ? node.output.filter(Boolean) : node.output.slice(0, 1);
    for (const end of ends) {
      this.quantized.add(end);
      this.derived.add(end);
      this.unite(input, end);
    }
  }

  private placeComputation(node: Node, treatment: Treatment): void {
    const operand = node.input.find((name) => this.index.initializer(name));
    const reads = node.input.filter((name) => name && name !== operand);
    if (reads.length === 0 || !reads.every((name) => this.canRead(name))) return;
    if (operand !== undefined) {
      const tensor = this.index.initializer(operand);
      if (node.input.length !== 2 || !isOperand(tensor, this.profile)) return;
      this.operands.set(operand, tensor);
    }
    this.nodes.add(node);
    for (const name of reads) this.quantized.add(name);
    const { output } = this.kernels.ofNode(node);
    if (treatment === 'layer') {
      this.products.set(output, node);
      return;
    }
    this.quantized.add(output);
    if (treatment === 'joins') for (const name of reads) this.unite(name, output);
  }

  /** Quantized, or given as a float by a product that might as well give a quantized value. */
  private canRead(value: string): boolean {
    return this.quantized.has(value) || this.products.has(value);
  }

  private isNeeded({ opType }: Node, output: string): boolean {
    if (!this.profile.floatOutputs.includes(opType!)) return true;
    return this.index.uses(output).some(({ node }) => this.nodes.has(node));
  }

  private treatment(node: Node): Treatment | undefined {
    if (normalDomain(node.domain) !== '') return undefined;
    return this.profile.operators[node.opType ?? ''];
  }

  private unite(a: string, b: string): void {
    const [first, second] = [this.leader(a), this.leader(b)];
    if (first !== second) this.leaders.set(second, first);
  }

  private leader(value: string): string {
    const above = this.leaders.get(value);
    return above === undefined ? value : this.leader(above);
  }

  private quantizers(): QuantizerSite[] {
    const sets = new Map<string, string[]>();
    for (const value of this.quantized) {
      const leader = this.leader(value);
      sets.set(leader, [...(sets.get(leader) ?? []), value]);
    }
    return [...sets.values()].map((values) => ({
      values,
      observed: values.filter((value) => !this.derived.has(value)),
    }));
  }
}

/** The axis of a layer's weight that counts its output channels. */
function outputAxis(node: Node): number {
  if (node.opType === 'Conv') return 0;
  if (node.opType === 'Gemm') return intAttribute(node, 'transB', 0) ? 0 : 1;
  return 1;
}

/** The bias with one number for each output channel, however it is spelled. */
function biasOf(node: Node, weight: Tensor, bias: Tensor | undefined): Tensor | undefined {
  const groups = node.opType === 'ConvTranspose' ? intAttribute(node, 'group', 1) : 1;
  const channels = dimsOf(weight)[outputAxis(node)] * groups;
  if (!bias || (bias.dims.length === 1 && elementCount(bias) === channels)) return bias;
  const isRow = Number(bias.dims.at(-1) ?? 1) === elementCount(bias);
  if (!isRow || ![1, channels].includes(elementCount(bias))) return undefined;
  const values = floats(bias);
  const each = Float32Array.from({ length: channels }, (_, i) => values[i % values.length]);
  return withElements(bias, [channels], each);
}
