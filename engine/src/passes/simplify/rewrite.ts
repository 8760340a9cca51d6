/** The contract of a rewrite. `rewrites/index.ts` lists all, in the order in which they run. */

import type { Issue } from '../../ir/issue';
import type { Node } from '../../ir/model';
import type { Runtime } from '../../runtime/runtime';
import type { GraphEditor } from './graph-editor';
import type { ModelEditor } from './model-editor';

export interface Rewrite {
  /** For `skip` in the options. */
  readonly id: string;
  readonly title: string;
  /** A sentence or two for the reference page: what changes, and when it does not. */
  readonly doc: string;
  /** Changes the model and gives the number of changes; 0 where there is nothing left to do. */
  apply(model: ModelEditor, context: RewriteContext): number | Promise<number>;
}

export interface RewriteContext {
  readonly signal: AbortSignal;
  /** Computes constants; absent where nothing may be run. */
  readonly runtime?: Runtime;
  /** Bytes that a constant made by a rewrite may have beyond those that go with it. */
  readonly foldLimit: number;
  report(issue: Issue): void;
}

/** A rewrite that looks at one node at a time, in every graph, and says whether it changed it. */
export function atEachNode(
  visit: (node: Node, graph: GraphEditor, context: RewriteContext) => boolean,
): Rewrite['apply'] {
  return (model, context) => {
    let changes = 0;
    for (const graph of model.graphs()) {
      for (const node of [...graph.graph.node]) {
        context.signal.throwIfAborted();
        // A node may have gone with an earlier one.
        if (graph.has(node) && visit(node, graph, context)) changes++;
      }
    }
    return changes;
  };
}
