/** Reshape, Flatten, Squeeze and Unsqueeze in a row: only the last shape counts. */

import { intAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import { constantIntegers } from '../integers';
import { makeNode } from '../make-node';
import { atEachNode, type Rewrite } from '../rewrite';
import { equalDims, reshapeTarget } from '../shapes';

const reshaping = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

export const mergeReshapes: Rewrite = {
  id: 'merge-reshapes',
  title: 'Successive reshapes',
  doc: 'Makes one Reshape of several nodes in a row that only change the shape, or none where the first shape comes back. Dynamic sizes stay dynamic.',
  apply: atEachNode((node, graph) => {
    const before = graph.producer(node.input[0] ?? '');
    if (!before || !isReshaping(graph, node) || !isReshaping(graph, before)) return false;
    const [source] = before.input;
    const [result] = node.output;
    if (equalDims(graph.shape(source), graph.shape(result)) && graph.replace(result, source)) {
      graph.remove(node);
      return true;
    }
    const target = directTarget(graph, node, source);
    if (graph.soleUser(node.input[0]) !== node || graph.model.opset < 5 || !target) return false;
    const shape = graph.addConstant(`${result}_shape`, 'int64', [target.length], target);
    graph.substitute(node, makeNode('Reshape', node.name, [source, shape], [result]));
    graph.remove(before);
    return true;
  }),
};

function isReshaping(graph: GraphEditor, node: Node): boolean {
  return reshaping.has(graph.op(node) ?? '') && intAttribute(node, 'allowzero', 0) === 0;
}

/** A target that copies no size says the same of any input with as many elements. */
function directTarget(graph: GraphEditor, node: Node, source: string): number[] | undefined {
  const target = reshapeTarget(graph.shape(source), graph.shape(node.output[0]));
  if (target || graph.op(node) !== 'Reshape') return target;
  const spelled = constantIntegers(graph, node, 1);
  return spelled?.includes(0) ? undefined : spelled;
}
