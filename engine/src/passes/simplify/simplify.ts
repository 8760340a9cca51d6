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
import { compareOutputs } from './compare-outputs';
import { freezeInputs } from './freeze-inputs';
import { ModelEditor } from './model-editor';
import { simplifyOptions, type SimplifyOptions } from './options';
import type { Rewrite, RewriteContext } from './rewrite';
import { rewrites } from './rewrites';
import { fuseBatchnorm } from './rewrites/fuse-batchnorm';
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
  const issues: Issue[] = [];
  const result = cloneModel(model) as Model & { graph: Graph };
  for (const graph of allGraphs(result)) graph.node = topologicalOrder(graph).order;
  const frozen = options.keep_inputs ? 0 : freezeInputs(result);
  const editor = new ModelEditor(result);
  const before = editor.nodeCount;
  const counts = await rewriteAll(editor, chosen(options), context, {
    signal: context.signal,
    runtime: context.runtime,
    foldLimit: options.fold_limit,
    report: (issue) => void issues.push(issue),
  });
  if (counts.size === 0 && frozen === 0) return { model, changed: false, notes: [], issues };
  dropStaleTypes(result);
  raiseIrVersion(result);
  if (context.runtime)
    issues.push(...(await compareOutputs(context.runtime, model, result, context)));
  const all = note('nodes', before, editor.nodeCount, 'Nodes, those of subgraphs among them.');
  return { model: result, changed: true, notes: [all, ...accounts(counts)], issues };
}

function chosen({ skip, keep_batchnorm }: SimplifyOptions): readonly Rewrite[] {
  return rewrites.filter(
    ({ id }) => !skip.includes(id) && !(keep_batchnorm && id === fuseBatchnorm.id),
  );
}

/** Runs the rewrites in turn until none changes anything, and gives the changes that each made. */
async function rewriteAll(
  editor: ModelEditor,
  active: readonly Rewrite[],
  { signal, progress }: PassContext,
  context: RewriteContext,
): Promise<Map<Rewrite, number>> {
  const counts = new Map<Rewrite, number>();
  let changed = true;
  for (let round = 0; changed && round < maxRounds; round++) {
    changed = false;
    for (const rewrite of active) {
      signal.throwIfAborted();
      progress({ message: rewrite.title.toLowerCase() });
      const changes = await rewrite.apply(editor, context);
      if (changes === 0) continue;
      changed = true;
      counts.set(rewrite, (counts.get(rewrite) ?? 0) + changes);
      editor.refresh();
    }
  }
  return counts;
}

function accounts(counts: ReadonlyMap<Rewrite, number>): PassNote[] {
  return [...counts].map(([{ id, title }, count]) =>
    note(id, count, 0, `${title}: ${count === 1 ? 'once' : `${count} times`}.`),
  );
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
