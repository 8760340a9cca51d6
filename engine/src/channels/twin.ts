/** A copy of a model to edit, and which of its nodes and graphs are the copies of which. */

import { cloneModel } from '../ir/clone';
import { subgraphs } from '../ir/graph-index';
import type { Graph, Model, Node } from '../ir/model';

export interface Twin {
  readonly model: Model;
  nodeOf(original: Node): Node;
  graphOf(original: Graph): Graph;
}

export function twinOf(original: Model): Twin {
  const model = cloneModel(original);
  const nodes = new Map<Node, Node>();
  const graphs = new Map<Graph, Graph>();
  const pair = (from: Graph, to: Graph): void => {
    graphs.set(from, to);
    from.node.forEach((node, i) => {
      nodes.set(node, to.node[i]);
      const copies = subgraphs(to.node[i]);
      subgraphs(node).forEach((inner, k) => pair(inner, copies[k]));
    });
  };
  if (original.graph && model.graph) pair(original.graph, model.graph);
  return {
    model,
    nodeOf: (node) => nodes.get(node)!,
    graphOf: (graph) => graphs.get(graph)!,
  };
}
