/** An If whose condition is known: the branch that is taken moves into the graph around it. */

import { graphAttribute } from '../../../ir/attributes';
import { namesOf, subgraphs } from '../../../ir/graph-index';
import type { Graph, Node } from '../../../ir/model';
import { elements } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { makeNode } from '../make-node';
import type { Rewrite } from '../rewrite';

export const inlineBranches: Rewrite = {
  id: 'inline-branches',
  title: 'Decided branches',
  doc: 'Puts the branch of an If whose condition is constant in the place of the If.',
  apply: (model) => {
    for (const graph of model.graphs()) {
      for (const node of graph.graph.node) {
        const branch = graph.op(node) === 'If' ? takenBranch(graph, node) : undefined;
        if (!branch) continue;
        inline(graph, node, branch);
        // What the editor knows of both graphs is stale now; the next round finds the next one.
        return 1;
      }
    }
    return 0;
  },
};

function takenBranch(graph: GraphEditor, node: Node): Graph | undefined {
  const condition = graph.constant(node.input[0]);
  if (!condition) return undefined;
  const isTrue = Number(elements(condition)[0]) !== 0;
  return graphAttribute(node, isTrue ? 'then_branch' : 'else_branch');
}

function inline(graph: GraphEditor, node: Node, branch: Graph): void {
  const names = new Map<string, string>();
  const made = new Set(branch.node.flatMap((each) => each.output));
  const own = namesOf(branch);
  const copies: Node[] = [];
  branch.output.forEach(({ name = '' }, i) => {
    const result = node.output[i];
    if (!result) return;
    // A value that a node of the branch makes takes the If's name, any other is handed through.
    if (made.has(name) && !names.has(name)) names.set(name, result);
    else copies.push(makeNode('Identity', graph.model.fresh(`${result}_copy`), [name], [result]));
  });
  for (const name of own) if (!names.has(name)) names.set(name, graph.model.fresh(name));
  const rename = (name: string): string => names.get(name) ?? name;
  const nodes = [...branch.node, ...copies];
  for (const each of nodes) renameValues(each, rename, !copies.includes(each));
  for (const tensor of branch.initializer) tensor.name = rename(tensor.name!);
  for (const info of branch.valueInfo) info.name = rename(info.name ?? '');
  const target = graph.graph;
  target.initializer.push(...branch.initializer);
  target.sparseInitializer.push(...branch.sparseInitializer);
  const results = new Set(node.output);
  target.valueInfo.push(...branch.valueInfo.filter(({ name }) => !results.has(name!)));
  target.node.splice(target.node.indexOf(node), 1, ...nodes);
}

/** In a node and in the graphs inside it, whose own names differ from those around them. */
function renameValues(node: Node, rename: (name: string) => string, outputs: boolean): void {
  node.input = node.input.map((name) => (name ? rename(name) : ''));
  if (outputs) node.output = node.output.map((name) => (name ? rename(name) : ''));
  for (const graph of subgraphs(node)) renameCaptured(graph, rename);
}

function renameCaptured(graph: Graph, rename: (name: string) => string): void {
  for (const node of graph.node) renameValues(node, rename, false);
  for (const info of graph.output) info.name = rename(info.name ?? '');
}
