/** Names that people recognise, and names that are new. */

import { withSubgraphs } from './traverse';
import type { Graph, Node } from './model';

/** How a node is called in messages: its name, else its operator and first output. */
export function nodeLabel(node: Node): string {
  return node.name || `${node.opType ?? 'node'} → ${node.output.find(Boolean) ?? '(no output)'}`;
}

/** Gives names that no value, initializer or node of the graph (and its subgraphs) uses yet. */
export function freshNames(graph: Graph): (wanted: string) => string {
  const taken = new Set<string>();
  for (const each of withSubgraphs(graph)) {
    for (const info of [...each.input, ...each.output]) taken.add(info.name ?? '');
    for (const tensor of each.initializer) taken.add(tensor.name ?? '');
    for (const node of each.node) {
      taken.add(node.name ?? '');
      for (const name of [...node.input, ...node.output]) taken.add(name);
    }
  }
  return (wanted) => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
    taken.add(name);
    return name;
  };
}
