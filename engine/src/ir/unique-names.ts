/** Names that mean one value in the whole model, whichever graph it lies in. */

import { namesOf } from './graph-index';
import type { Attribute, Graph, Model } from './model';
import { freshNames } from './naming';

/**
 * The model with other names for values of subgraphs where another graph has them, too, which ONNX
 * allows to graphs that do not enclose each other. What the main graph makes keeps its names.
 */
export function uniqueNames(model: Model): Model {
  if (!model.graph) return model;
  const fresh = freshNames(model.graph);
  const taken = new Set<string>();
  const named = (graph: Graph, outer: ReadonlyMap<string, string>): Graph => {
    const names = new Map(outer);
    for (const name of namesOf(graph)) {
      names.set(name, taken.has(name) ? fresh(name) : name);
      taken.add(names.get(name)!);
    }
    const of = (name: string) => names.get(name) ?? name;
    const all = <Named extends { name?: string }>(values: readonly Named[]) =>
      values.map((value) => ({ ...value, name: of(value.name ?? '') }));
    const inside = (each: Attribute): Attribute => ({
      ...each,
      g: each.g && named(each.g, names),
      graphs: each.graphs.map((inner) => named(inner, names)),
    });
    return {
      ...graph,
      node: graph.node.map((node) => ({
        ...node,
        input: node.input.map(of),
        output: node.output.map(of),
        attribute: node.attribute.map(inside),
      })),
      initializer: all(graph.initializer),
      sparseInitializer: graph.sparseInitializer.map((each) => ({
        ...each,
        values: each.values && { ...each.values, name: of(each.values.name ?? '') },
      })),
      input: all(graph.input),
      output: all(graph.output),
      valueInfo: all(graph.valueInfo),
    };
  };
  return { ...model, graph: named(model.graph, new Map()) };
}
