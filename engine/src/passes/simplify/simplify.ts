/**
 * Simplification: rewrites a graph into a smaller one that computes the same. The rewrites run in
 * turn until none of them changes anything, so that simplifying twice is simplifying once.
 */

import { cloneModel } from '../../ir/clone';
import type { Issue } from '../../ir/issue';
import type { Graph, Model } from '../../ir/model';
import { nodeLabel } from '../../ir/naming';
import { allGraphs, topologicalOrder } from '../../ir/traverse';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { freezeInputs } from './freeze-inputs';
import { ModelEditor } from './model-editor';
import { simplifyOptions, type SimplifyOptions } from './options';
import { rewrites } from './rewrites';
import { redefinedName } from './scopes';

export const simplify: Pass<SimplifyOptions> = {
  id: 'simplify',
  title: 'Simplification',
  doc: 'Rewrites the graph into a smaller one that computes the same: folds constants, removes what does nothing, and merges what can be one. Names of inputs and outputs and dynamic sizes stay.',
  options: simplifyOptions,
  refuse,
  run,
};

/** Every round but the last changes something; real models need fewer than ten. */
const maxRounds = 100;

function refuse({ graph }: Model): string | undefined {
  if (!graph) return 'It holds no graph.';
  const redefined = redefinedName(graph);
  if (redefined !== undefined) {
    return `A subgraph makes a value of the name "${redefined}" anew, which the graph around it has already.`;
  }
  for (const each of allGraphs({ graph } as Model)) {
    const [node] = topologicalOrder(each).rest;
    if (node) return `Its node "${nodeLabel(node)}" needs its own output.`;
  }
  return undefined;
}

async function run(
  model: Model,
  options: SimplifyOptions,
  context: PassContext,
): Promise<PassResult> {
  const { signal, runtime } = context;
  const issues: Issue[] = [];
  const result = cloneModel(model) as Model & { graph: Graph };
  for (const graph of allGraphs(result)) graph.node = topologicalOrder(graph).order;
  const frozen = options.freeze_inputs ? freezeInputs(result) : 0;
  const editor = new ModelEditor(result);
  const nodes = editor.nodeCount;
  const counts = new Map<string, number>();
  const off = new Set(options.skip);
  if (!options.fuse_batchnorm) off.add('fuse-batchnorm');
  const active = rewrites.filter(({ id }) => !off.has(id));
  const tools = {
    signal,
    runtime,
    foldLimit: options.fold_limit,
    report: (issue: Issue) => void issues.push(issue),
  };
  let changed = true;
  for (let round = 0; changed && round < maxRounds; round++) {
    changed = false;
    for (const rewrite of active) {
      signal.throwIfAborted();
      context.progress({ message: rewrite.title.toLowerCase() });
      const changes = await rewrite.apply(editor, tools);
      if (changes === 0) continue;
      changed = true;
      counts.set(rewrite.id, (counts.get(rewrite.id) ?? 0) + changes);
      editor.refresh();
    }
  }
  if (counts.size === 0 && frozen === 0) return { model, changed: false, notes: [], issues };
  dropStaleTypes(result);
  raiseIrVersion(result);
  const notes = [
    note('nodes', nodes, editor.nodeCount, 'All nodes, those of subgraphs among them.'),
    ...active.flatMap(({ id, title }) => {
      const count = counts.get(id);
      return count
        ? [note(id, count, 0, `${title}: ${count} ${count === 1 ? 'time' : 'times'}.`)]
        : [];
    }),
  ];
  return { model: result, changed: true, notes, issues };
}

function note(subject: string, before: number, after: number, reason: string): PassNote {
  return { subject, layers: [], before, after, reason };
}

/** Declared types of values that are no more. */
function dropStaleTypes(model: Model): void {
  for (const graph of allGraphs(model)) {
    const made = new Set(graph.node.flatMap((node) => node.output));
    for (const { name } of [...graph.initializer, ...graph.input]) made.add(name!);
    graph.valueInfo = graph.valueInfo.filter(({ name }) => made.has(name!));
  }
}

/** Before version 4 of the IR each initializer had to be an input, too. */
function raiseIrVersion(model: Model & { graph: Graph }): void {
  const inputs = new Set(model.graph.input.map(({ name }) => name));
  const bare = model.graph.initializer.some(({ name }) => !inputs.has(name));
  if (bare && Number(model.irVersion ?? 0) < 4) model.irVersion = 4;
}
