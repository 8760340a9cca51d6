/**
 * Integers that follow from the fixed sizes of the model: `Shape`, `Gather`, `Concat` and the like of
 * what is known before running. Needs no runtime. Sizes that are dynamic stay computed.
 */

import { dataTypeNamed } from '../../../ir/data-type';
import { makeTensor } from '../../../ir/tensor';
import type { Node } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import { isPure } from '../nondeterminism';
import type { Rewrite } from '../rewrite';

export const foldShapes: Rewrite = {
  id: 'fold-shapes',
  title: 'Known shapes',
  doc: 'Puts constants in place of integers that are computed from fixed sizes. Whatever depends on a dynamic size stays computed.',
  apply: (model, { signal, foldLimit }) => {
    let changes = 0;
    for (const graph of model.graphs()) {
      const exact = new Map<string, boolean>();
      for (const node of [...graph.graph.node]) {
        signal.throwIfAborted();
        changes += foldOutputs(graph, node, exact, foldLimit);
      }
    }
    return changes;
  },
};

function foldOutputs(
  graph: GraphEditor,
  node: Node,
  exact: Map<string, boolean>,
  limit: number,
): number {
  if (!isPure(graph.op(node), node) || graph.op(node) === 'Constant') return 0;
  let folded = 0;
  for (const name of node.output) {
    if (!name || graph.users(name).size === 0) continue;
    const content = knownIntegers(graph, name, exact);
    const type = graph.type(name);
    if (!content || !type?.dtype) continue;
    if ((content.length * dataTypeNamed(type.dtype).bits) / 8 > limit) continue;
    const tensor = makeTensor(
      graph.model.fresh(`${name}_value`),
      type.dtype,
      type.shape as readonly number[],
      content,
    );
    graph.addTensor(tensor);
    if (graph.replace(name, tensor.name!)) folded++;
    else graph.removeInitializers(new Set([tensor.name!]));
  }
  return folded;
}

function knownIntegers(
  graph: GraphEditor,
  value: string,
  exact: Map<string, boolean>,
): readonly number[] | undefined {
  const type = graph.type(value);
  const { content, shape } = type ?? {};
  if (!content?.every((dim) => typeof dim === 'number')) return undefined;
  if (!shape?.every((dim) => typeof dim === 'number')) return undefined;
  return isExact(graph, value, exact) ? (content as readonly number[]) : undefined;
}

/**
 * True where the value was computed from integers alone. Inference calculates with double precision,
 * the runtime with single: an integer that was a fraction on its way may differ by one.
 */
function isExact(graph: GraphEditor, value: string, known: Map<string, boolean>): boolean {
  const before = known.get(value);
  if (before !== undefined) return before;
  const type = graph.type(value)?.dtype;
  const node = graph.home(value)?.producer(value);
  const isInteger = type === 'int64' || type === 'int32' || type === 'bool';
  const measures = node?.opType === 'Shape' || node?.opType === 'Size';
  // Nothing follows itself; a body's carried value comes from outside and is not looked into.
  known.set(value, false);
  const result =
    isInteger &&
    (graph.constant(value) !== undefined ||
      (node !== undefined &&
        (measures || node.input.every((name) => !name || isExact(graph, name, known)))));
  known.set(value, result);
  return result;
}
