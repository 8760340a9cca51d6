/** Orders in which nodes are visited. */

import { capturedValues, subgraphs } from './graph-index';
import type { Graph, Model, Node } from './model';

/** Every graph of a model: the main one first, then the subgraphs depth first. */
export function* allGraphs(model: Model): Generator<Graph> {
  if (model.graph) yield* withSubgraphs(model.graph);
}

export function* withSubgraphs(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.node) {
    for (const inner of subgraphs(node)) yield* withSubgraphs(inner);
  }
}

/**
 * The nodes such that each comes after the nodes that make its inputs, in file order where that
 * leaves a choice (Kahn's algorithm). Nodes on a cycle are left out: `rest` holds them.
 */
export function topologicalOrder(graph: Graph): { order: Node[]; rest: Node[] } {
  const producer = new Map<string, number>();
  graph.node.forEach((node, i) => node.output.forEach((name) => name && producer.set(name, i)));
  const waiting = new Int32Array(graph.node.length);
  const followers: number[][] = graph.node.map(() => []);
  graph.node.forEach((node, i) => {
    for (const name of new Set([...node.input, ...capturedValues(node)])) {
      const from = producer.get(name);
      if (from === undefined) continue;
      followers[from].push(i);
      waiting[i]++;
    }
  });
  // Files are nearly always sorted already; a queue seeded in file order keeps that order.
  const inOrder = isSorted(graph, followers);
  if (inOrder) return { order: [...graph.node], rest: [] };
  const ready = graph.node.flatMap((_, i) => (waiting[i] === 0 ? [i] : []));
  const order: Node[] = [];
  for (let next = 0; next < ready.length; next++) {
    order.push(graph.node[ready[next]]);
    for (const follower of followers[ready[next]]) {
      if (--waiting[follower] === 0) ready.push(follower);
    }
  }
  const done = new Set(order);
  return { order, rest: graph.node.filter((node) => !done.has(node)) };
}

function isSorted(graph: Graph, followers: readonly (readonly number[])[]): boolean {
  return graph.node.every((_, i) => followers[i].every((follower) => follower > i));
}
