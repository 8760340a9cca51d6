/** Constants of equal type, shape and content, stored once. */

import type { Tensor } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import type { Rewrite } from '../rewrite';
import { tensorKey } from './common-subexpressions';

export const sharedInitializers: Rewrite = {
  id: 'shared-initializers',
  title: 'Shared constants',
  doc: 'Stores equal constants once, also those of subgraphs that the graph around them has.',
  apply: (model, { signal }) => {
    const kept = new Map<GraphEditor, Map<string, string>>();
    let changes = 0;
    for (const graph of model.graphs()) {
      const own = new Map<string, string>();
      kept.set(graph, own);
      const gone = new Set<string>();
      const shapes = countShapes(graph);
      for (const tensor of graph.graph.initializer) {
        signal.throwIfAborted();
        const name = tensor.name!;
        // A weight that no other one has the shape of need not be read.
        if (graph.constant(name) !== tensor || shapes.get(shapeKey(tensor)) === 1) continue;
        const key = tensorKey(tensor);
        if (key === undefined) continue;
        const equal = lookUp(kept, graph, key);
        if (equal === undefined) own.set(key, name);
        else if (!graph.isKept(name) && graph.replace(name, equal)) gone.add(name);
      }
      graph.removeInitializers(gone);
      changes += gone.size;
    }
    return changes;
  },
};

function lookUp(
  kept: ReadonlyMap<GraphEditor, ReadonlyMap<string, string>>,
  graph: GraphEditor | undefined,
  key: string,
): string | undefined {
  if (!graph) return undefined;
  return kept.get(graph)?.get(key) ?? lookUp(kept, graph.parent, key);
}

function shapeKey(tensor: Tensor): string {
  return `${tensor.dataType}[${tensor.dims.join()}]`;
}

/** How many constants of the model have each type and shape. */
function countShapes({ model }: GraphEditor): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { graph } of model.graphs()) {
    for (const tensor of graph.initializer) {
      const key = shapeKey(tensor);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}
