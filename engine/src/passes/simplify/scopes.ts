/** Names of values across the borders of subgraphs. */

import { namesOf, subgraphs } from '../../ir/graph-index';
import type { Graph } from '../../ir/model';

/**
 * A name that a subgraph gives to a value of its own although a graph around it has it already, which
 * ONNX forbids (onnx/docs/IR.md, Names within a graph); undefined where there is none.
 */
export function redefinedName(
  graph: Graph,
  outer: ReadonlySet<string> = new Set(),
): string | undefined {
  const own = namesOf(graph);
  const clash = [...own].find((name) => outer.has(name));
  if (clash !== undefined) return clash;
  const visible = new Set([...outer, ...own]);
  for (const node of graph.node) {
    for (const inner of subgraphs(node)) {
      const found = redefinedName(inner, visible);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
