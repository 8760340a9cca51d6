/** Where a model is quantized for a runtime: which layers, which values, and which of them share a grid. */

import { intAttribute } from '../../ir/attributes';
import { dataTypeName } from '../../ir/data-type';
import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import { layerName } from '../../ir/layer-name';
import type { Model, Node, Tensor } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { topologicalOrder } from '../../ir/traverse';
import type { Profile, Treatment } from './profiles/profile';

/** A product with a weight. */
export interface LayerSite {
  readonly name: string;
  readonly node: Node;
  /** The value it reads. */
  readonly input: string;
  /** What its kernel gives: the value behind the activation that is fused into it. */
  readonly output: string;
  readonly weight: Tensor;
  /** The axis of the weight that counts output channels. */
  readonly axis: number;
  /** Absent where it has none, or one that is computed. */
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
  private readonly layers: LayerSite[] = [];
  private readonly floats: { name: string; reason: string }[] = [];
  private readonly nodes = new Set<Node>();
  private readonly quantized = new Set<string>();
  private readonly derived = new Set<string>();
  /** The leader of the set of values that a value shares its grid with. */
  private readonly leaders = new Map<string, string>();

  constructor(
    model: Model,
    private readonly profile: Profile,
  ) {
    this.index = indexGraph(model.graph!);
    this.order = topologicalOrder(model.graph!).order;
  }

  place(keepsFloat: (layer: string) => string | undefined): Placement {
    this.placeLayers(keepsFloat);
    for (const node of this.order) this.placeNode(node);
    for (const { node, output } of this.layers) {
      if (this.isNeeded(node, output)) this.quantized.add(output);
    }
    return {
      layers: this.layers,
      quantizers: this.quantizers(),
      nodes: this.nodes,
      floats: this.floats,
    };
  }

  private placeLayers(keepsFloat: (layer: string) => string | undefined): void {
    const taken = new Map<string, number>();
    for (const node of this.order) {
      if (this.treatment(node) !== 'layer') continue;
      const weight = this.index.initializer(node.input[1] ?? '');
      if (!weight) continue;
      const wanted = layerName(node, weight.name);
      const uses = (taken.get(wanted) ?? 0) + 1;
      taken.set(wanted, uses);
      const name = uses === 1 ? wanted : `${wanted}_${uses}`;
      const reason = this.obstacle(node, weight) ?? keepsFloat(name);
      if (reason) {
        this.floats.push({ name, reason });
        continue;
      }
      const output = this.endOf(node);
      const bias = this.index.initializer(node.input[2] ?? '');
      const axis = outputAxis(node);
      this.layers.push({ name, node, input: node.input[0], output, weight, axis, bias });
      this.nodes.add(node);
      this.quantized.add(node.input[0]);
      if (!this.profile.floatOutputs.includes(node.opType!)) this.quantized.add(output);
    }
  }

  private obstacle(node: Node, weight: Tensor): string | undefined {
    if (dataTypeName(weight.dataType) !== 'float') {
      return `its weight is ${dataTypeName(weight.dataType) ?? 'of an unknown type'}, not float`;
    }
    if (this.index.initializer(node.input[0])) return 'it reads a constant';
    if (node.opType === 'Gemm' && intAttribute(node, 'transA', 0) !== 0) {
      return 'it transposes what it reads';
    }
    if (node.opType === 'MatMul' && weight.dims.length !== 2) {
      return 'its weight is no matrix';
    }
    return undefined;
  }

  /** Nodes between layers join in where all they read is quantized already. */
  private placeNode(node: Node): void {
    const treatment = this.treatment(node);
    if (!treatment || treatment === 'layer') return;
    const reads = treatment === 'passes' ? node.input.slice(0, 1) : node.input.filter(Boolean);
    if (reads.length === 0 || !reads.every((name) => this.canRead(name))) return;
    this.nodes.add(node);
    for (const name of reads) this.quantized.add(name);
    const ends = treatment === 'passes' ? node.output.filter(Boolean) : [this.endOf(node)];
    for (const end of ends) {
      this.quantized.add(end);
      if (treatment === 'computes') continue;
      for (const name of reads) this.unite(name, end);
      if (treatment === 'passes') this.derived.add(end);
    }
  }

  /** Quantized, or given as a float by a layer that might as well give a quantized value. */
  private canRead(value: string): boolean {
    return this.quantized.has(value) || this.layers.some(({ output }) => output === value);
  }

  private isNeeded({ opType }: Node, output: string): boolean {
    if (!this.profile.floatOutputs.includes(opType!)) return true;
    return this.index.uses(output).some(({ node }) => this.nodes.has(node));
  }

  /** The value behind the activation, or the Add and its activation, that is fused into a node. */
  private endOf(node: Node): string {
    let [value] = node.output;
    const { fusesAdd, fusedActivations } = this.profile;
    if (fusesAdd && this.treatment(node) === 'layer') {
      const add = this.soleReader(value);
      if (add?.opType === 'Add') [value] = add.output;
    }
    const reader = this.soleReader(value);
    if (reader && fusedActivations.includes(reader.opType!) && reader.input[0] === value) {
      [value] = reader.output;
    }
    return value;
  }

  private soleReader(value: string): Node | undefined {
    const uses = this.index.uses(value);
    if (uses.length !== 1 || this.index.isOutput(value)) return undefined;
    return this.index.capturedBy(value).length > 0 ? undefined : uses[0].node;
  }

  private treatment(node: Node): Treatment | undefined {
    if (normalDomain(node.domain) !== '') return undefined;
    return this.profile.operators[node.opType ?? ''];
  }

  private unite(a: string, b: string): void {
    this.leaders.set(this.leader(b), this.leader(a));
  }

  private leader(value: string): string {
    const above = this.leaders.get(value);
    if (above === undefined || above === value) return value;
    return this.leader(above);
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
