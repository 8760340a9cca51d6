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
  const shapeOf = (name: string) => name && types.type(name, graph)?.shape?.map(resolve);
  const cost = findOp(node)?.cost?.({
    node,
    inputs: node.input.map((name) => shapeOf(name) || undefined),
    outputs: node.output.map((name) => shapeOf(name) || undefined),
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
