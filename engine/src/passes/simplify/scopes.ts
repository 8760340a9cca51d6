/** Names of values across the borders of subgraphs. */

import { subgraphs } from '../../ir/graph-index';
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

/** Names of the values that a graph itself makes. */
export function namesOf(graph: Graph): Set<string> {
  const names = [
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.sparseInitializer.map(({ values }) => values?.name),
    ...graph.node.flatMap((node) => node.output),
  ];
  return new Set(names.filter((name): name is string => Boolean(name)));
}
