/** What nodes and whole graphs cost, from the types of their values and the operators' cost rules. */

import type { Dim } from '../ir/dim';
import type { Graph, Node } from '../ir/model';
import { numbers } from '../ir/tensor';
import { findOp } from './index';
import type { TypeTable } from './infer';
import type { Cost } from './op';

/** Gives the number that a dimension counts as; unbound symbols need a decision, made elsewhere. */
export type Resolve = (dim: Dim) => number;

/**
 * What running a node of `graph` once costs, subgraphs included; zero where the operator is not
 * known or has no cost rule.
 */
export function nodeCost(node: Node, graph: Graph, types: TypeTable, resolve: Resolve): Cost {
  // Sizes assumed for symbols may be too small for the model: nothing has less than no elements.
  const size = (dim: Dim) => Math.max(0, resolve(dim));
  const shapeOf = (name: string) => (name ? types.type(name, graph)?.shape?.map(size) : undefined);
  const cost = findOp(node)?.cost?.({
    node,
    inputs: node.input.map(shapeOf),
    outputs: node.output.map(shapeOf),
    subgraph: (inner) => graphCost(inner, types, resolve),
    integers: (input) => integersOf(node.input[input], graph, types)?.map(resolve),
  });
  return cost ?? { macs: 0 };
}

/** The sum over a graph's nodes. */
export function graphCost(graph: Graph, types: TypeTable, resolve: Resolve): Cost {
  const costs = graph.node.map((node) => nodeCost(node, graph, types, resolve));
  return {
    macs: costs.reduce((sum, cost) => sum + cost.macs, 0),
    elementwise: costs.reduce((sum, cost) => sum + (cost.elementwise ?? 0), 0),
  };
}

function integersOf(
  name: string | undefined,
  graph: Graph,
  types: TypeTable,
): readonly Dim[] | undefined {
  if (!name) return undefined;
  const content = types.type(name, graph)?.content;
  if (content) return content;
  const tensor = types.constant(name, graph);
  return tensor && numbers(tensor);
}
