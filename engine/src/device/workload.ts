/** A model as lowering reads it: the main graph, every size a number, every layer by its name. */

import { inlineFunctions } from '../ir/inline-functions';
import { indexGraph, type GraphIndex } from '../ir/graph-index';
import type { Bindings } from '../ir/dim';
import { emptyGraph } from '../ir/empty-graph';
import type { Graph, Model, Node } from '../ir/model';
import { Constants } from '../inspect/constants';
import { findLayers } from '../inspect/layers';
import { sizedTypes } from '../inspect/sized-types';
import { nodeCost, type Resolve } from '../ops/cost';
import { inferTypes, type TypeTable } from '../ops/infer';
import type { Kernel } from './kernel';
import { findRules } from './lowering';

export class Workload {
  readonly index: GraphIndex;
  private readonly constants: Constants;
  private readonly lowered = new Map<string, readonly Kernel[]>();

  constructor(
    readonly graph: Graph,
    readonly types: TypeTable,
    private readonly resolve: Resolve,
    /** Names of layers by their nodes. */
    readonly layers: ReadonlyMap<Node, string>,
  ) {
    this.index = indexGraph(graph);
    this.constants = new Constants(graph, types);
  }

  /** Concrete sizes; undefined where they are not known. */
  shape(value: string | undefined): readonly number[] | undefined {
    if (!value) return undefined;
    return this.types.type(value, this.graph)?.shape?.map((dim) => Math.max(0, this.resolve(dim)));
  }

  /** Elements of a value; 0 where its shape is not known. */
  elements(value: string | undefined): number {
    return this.shape(value)?.reduce((product, dim) => product * dim, 1) ?? 0;
  }

  /** True for what does not depend on the model's inputs and is computed before the first run. */
  isConstant(value: string): boolean {
    return this.constants.behind(value) !== undefined;
  }

  macs(node: Node): number {
    return nodeCost(node, this.graph, this.types, this.resolve).macs;
  }

  /** The kernels that a runtime makes of it, found once for each set of rules. */
  kernels(rules: string): readonly Kernel[] {
    let kernels = this.lowered.get(rules);
    if (!kernels) this.lowered.set(rules, (kernels = findRules(rules).lower(this)));
    return kernels;
  }
}

/** Never throws on a bad model: what is not known of it costs nothing. */
export function workloadOf(given: Model, bind: Bindings = {}): Workload {
  const { model } = inlineFunctions(given);
  const { sizes, sized } = sizedTypes(model, bind, inferTypes(model, { bind }));
  const graph = model.graph ?? emptyGraph();
  const layers = findLayers(model, sized, sizes.resolve).filter((layer) => layer.graph === graph);
  const names = new Map(layers.map(({ node, name }) => [node, name]));
  return new Workload(graph, sized, sizes.resolve, names);
}
