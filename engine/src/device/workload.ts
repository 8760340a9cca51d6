/** A model as lowering reads it: the main graph, every size a number, every layer by its name. */

import { inlineFunctions } from '../ir/inline-functions';
import { indexGraph, type GraphIndex } from '../ir/graph-index';
import type { Bindings } from '../ir/dim';
import { emptyGraph } from '../ir/empty-graph';
import type { Graph, Model, Node } from '../ir/model';
import { numbers } from '../ir/tensor';
import { Constants } from '../inspect/constants';
import { findLayers } from '../inspect/layers';
import { sizedTypes } from '../inspect/sized-types';
import { nodeCost, type Resolve } from '../ops/cost';
import { inferTypes, type TypeTable } from '../ops/infer';
import type { Kernel } from './kernel';
import { findRules } from './lowering';
import type { Profile } from './profile';

type Lowering = Pick<Profile['lowering'], 'rules' | 'block'>;

export interface KnownAhead {
  /** Types at no particular sizes: symbols stay symbols. */
  readonly types: TypeTable;
  /** Constants that a caller may replace, because inputs of the model have their names. */
  readonly overridable: ReadonlySet<string>;
}

export class Workload {
  readonly index: GraphIndex;
  private readonly constants: Constants;
  /** Rules ask for the same shapes again and again. */
  private readonly shapes = new Map<string, readonly number[] | undefined>();
  private readonly lowered = new Map<string, readonly Kernel[]>();

  constructor(
    readonly graph: Graph,
    readonly types: TypeTable,
    readonly resolve: Resolve,
    /** Names of layers by their nodes. */
    readonly layers: ReadonlyMap<Node, string>,
    /** What is known before anybody runs it. */
    readonly ahead: KnownAhead = { types, overridable: new Set() },
  ) {
    this.index = indexGraph(graph);
    this.constants = new Constants(graph, types);
  }

  /** Concrete sizes; undefined where they are not known. */
  shape(value: string | undefined): readonly number[] | undefined {
    if (!value) return undefined;
    const known = this.shapes.get(value);
    if (known ?? this.shapes.has(value)) return known;
    const dims = this.types.type(value, this.graph)?.shape;
    const shape = dims?.map((dim) => Math.max(0, this.resolve(dim)));
    this.shapes.set(value, shape);
    return shape;
  }

  /** Elements of a value; 0 where its shape is not known. */
  elements(value: string | undefined): number {
    return this.shape(value)?.reduce((product, dim) => product * dim, 1) ?? 0;
  }

  /** True for what does not depend on the model's inputs and is computed before the first run. */
  isConstant(value: string): boolean {
    return this.constants.behind(value) !== undefined;
  }

  /** The integers of a constant, or of what is computed from shapes. */
  integers(value: string | undefined): readonly number[] | undefined {
    if (!value) return undefined;
    const content = this.types.type(value, this.graph)?.content;
    if (content) return content.map(this.resolve);
    const tensor = this.types.constant(value, this.graph);
    return tensor && numbers(tensor);
  }

  macs(node: Node): number {
    return nodeCost(node, this.graph, this.types, this.resolve).macs;
  }

  /** The same layers at other sizes: with other types, and nodes in place of some of its own. */
  resized(types: TypeTable, replaced: ReadonlyMap<Node, Node>): Workload {
    const { graph, layers, resolve } = this;
    const nodes = graph.node.map((node) => replaced.get(node) ?? node);
    const names = [...layers].map(([node, name]) => [replaced.get(node) ?? node, name] as const);
    const changed = { ...graph, node: nodes };
    // What is known ahead is known of the graph as it was; sizes that agreed agree still.
    const was = (asked: Graph | undefined) => (asked === changed ? graph : asked);
    const known: TypeTable = {
      issues: this.ahead.types.issues,
      type: (value, asked) => this.ahead.types.type(value, was(asked)),
      constant: (value, asked) => this.ahead.types.constant(value, was(asked)),
    };
    const ahead = { ...this.ahead, types: known };
    return new Workload(changed, types, resolve, new Map(names), ahead);
  }

  /** The kernels that a runtime makes of it, found once for each set of rules. */
  kernels({ rules, block }: Lowering): readonly Kernel[] {
    const key = `${rules} ${block}`;
    let kernels = this.lowered.get(key);
    if (!kernels) this.lowered.set(key, (kernels = findRules(rules).lower(this, block)));
    return kernels;
  }
}

/** Never throws on a bad model: what is not known of it costs nothing. */
export function workloadOf(given: Model, bind: Bindings = {}): Workload {
  const { model } = inlineFunctions(given);
  const { sizes, sized } = sizedTypes(model, bind, inferTypes(model, { bind }));
  const graph = model.graph ?? emptyGraph();
  const types = inferTypes(model, {});
  // Until version 4 every constant had to be listed as an input.
  const inputs = Number(model.irVersion ?? 0) < 4 ? [] : graph.input;
  const overridable = new Set(inputs.map(({ name }) => name ?? ''));
  const layers = findLayers(model, sized, sizes.resolve).filter((layer) => layer.graph === graph);
  const names = new Map(layers.map(({ node, name }) => [node, name]));
  return new Workload(graph, sized, sizes.resolve, names, { types, overridable });
}
