/** Values of a graph that depend on constants alone, computed by the runtime. */

import { emptyGraph } from '../../ir/empty-graph';
import type { Model, Node } from '../../ir/model';
import { openModel } from '../../runtime/open-model';
import type { NamedTensor } from '../../runtime/runtime';
import type { GraphEditor } from './graph-editor';
import type { RewriteContext } from './rewrite';

/**
 * Runs the nodes that make the wanted values as a model of their own, without inputs.
 *
 * @throws CoppiceError when the runtime cannot.
 */
export async function computeValues(
  { irVersion, opsetImport }: Model,
  graph: GraphEditor,
  wanted: readonly string[],
  { runtime, signal }: RewriteContext,
): Promise<Map<string, NamedTensor>> {
  const nodes = neededFor(graph, wanted);
  const made = new Set(nodes.flatMap((node) => node.output));
  const read = new Set(
    nodes.flatMap((node) => node.input.filter((name) => name && !made.has(name))),
  );
  const model: Model = {
    irVersion: Math.max(4, Number(irVersion ?? 4)),
    opsetImport,
    metadataProps: [],
    functions: [],
    graph: {
      ...emptyGraph('constants'),
      node: [...nodes],
      initializer: [...read].map((name) => ({ ...graph.constant(name)!, name })),
      output: wanted.map((name) => ({ name, metadataProps: [] })),
    },
  };
  const session = await openModel(runtime!, model, { optimize: 'none', threads: 1 });
  try {
    const values = await session.run({}, wanted, signal);
    return new Map(wanted.map((name) => [name, values[name]]));
  } finally {
    await session.close();
  }
}

function neededFor(graph: GraphEditor, wanted: readonly string[]): Node[] {
  const values = new Set(wanted);
  const nodes = new Set<Node>();
  for (const name of values) {
    const maker = graph.constant(name) ? undefined : graph.producer(name);
    if (!maker) continue;
    nodes.add(maker);
    for (const input of maker.input) if (input) values.add(input);
  }
  return graph.graph.node.filter((node) => nodes.has(node));
}
