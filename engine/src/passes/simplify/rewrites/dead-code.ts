/** What no output depends on: nodes, initializers, optional outputs. */

import type { Node } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import type { Rewrite } from '../rewrite';

export const deadCode: Rewrite = {
  id: 'dead-code',
  title: 'Dead code',
  doc: 'Removes nodes and initializers that no output depends on, and optional outputs that nobody reads. Inputs of the model stay, used or not.',
  apply: (model, { signal }) => {
    let changes = 0;
    // Inner graphs first, and nodes backwards: what reads a value goes before what makes it.
    for (const graph of model.graphs().reverse()) {
      for (const node of [...graph.graph.node].reverse()) {
        signal.throwIfAborted();
        if (!node.output.some((name) => name && graph.isUsed(name))) {
          graph.remove(node);
          changes++;
        } else if (dropOptionalOutputs(graph, node)) changes++;
      }
    }
    for (const graph of model.graphs().reverse()) changes += dropInitializers(graph);
    return changes;
  },
};

/** The first output that a node may leave out. */
const firstOptional: Readonly<Record<string, number>> = {
  MaxPool: 1,
  Dropout: 1,
  LayerNormalization: 1,
  GroupNormalization: 1,
  Unique: 1,
  LSTM: 0,
  GRU: 0,
  RNN: 0,
};

function dropOptionalOutputs(graph: GraphEditor, node: Node): boolean {
  const first = firstOptional[graph.op(node) ?? ''];
  if (first === undefined) return false;
  const before = node.output.length;
  const unused = node.output.filter((name, i) => i >= first && name && !graph.isUsed(name));
  graph.dropOutputs(node, unused);
  while (node.output.length > 1 && node.output.at(-1) === '') node.output.pop();
  return unused.length > 0 || node.output.length < before;
}

/** Inputs of the model are not touched: an initializer that is one stays. */
function dropInitializers(graph: GraphEditor): number {
  const inputs = new Set(graph.graph.input.map(({ name }) => name));
  const unused = graph.graph.initializer.flatMap(({ name }) =>
    !inputs.has(name) && !graph.isUsed(name!) ? [name!] : [],
  );
  graph.removeInitializers(new Set(unused));
  return unused.length;
}
