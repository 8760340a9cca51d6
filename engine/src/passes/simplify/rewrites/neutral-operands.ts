/** Arithmetic with an operand that changes nothing: x + 0, x · 1, x / 1, x to the power of 1. */

import type { Node } from '../../../ir/model';
import { elementCount, elements, makeTensor } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { atEachNode, type Rewrite } from '../rewrite';
import { sameShape } from '../shapes';

export const neutralOperands: Rewrite = {
  id: 'neutral-operands',
  title: 'Neutral operands',
  doc: 'Removes additions of zero, multiplications by one and the like where the constant does not widen the shape, and integer products with zero.',
  apply: atEachNode((node, graph) => passesBy(node, graph) || becomesZero(node, graph)),
};

/** The neutral element, and whether it also is one on the left. */
const neutral: Readonly<Record<string, readonly [number, boolean]>> = {
  Add: [0, true],
  Sub: [0, false],
  Mul: [1, true],
  Div: [1, false],
  Pow: [1, false],
};

function passesBy(node: Node, graph: GraphEditor): boolean {
  const [element, commutes] = neutral[graph.op(node) ?? ''] ?? [];
  if (element === undefined || node.input.length !== 2 || graph.model.opset < 7) return false;
  for (const at of commutes ? [1, 0] : [1]) {
    const other = node.input[1 - at];
    if (!consistsOf(graph, node.input[at], element)) continue;
    if (!sameShape(graph, other, node.output[0]) || !graph.replace(node.output[0], other)) continue;
    graph.remove(node);
    return true;
  }
  return false;
}

/** Not for floats, where infinity times zero is no number. */
function becomesZero(node: Node, graph: GraphEditor): boolean {
  if (graph.op(node) !== 'Mul' || !node.input.some((name) => consistsOf(graph, name, 0)))
    return false;
  const { dtype, shape } = graph.type(node.output[0]) ?? {};
  if ((dtype !== 'int64' && dtype !== 'int32') || shape?.length !== 0) return false;
  const zero = makeTensor(graph.model.fresh(`${node.output[0]}_value`), dtype, [], [0]);
  graph.addTensor(zero);
  if (!graph.replace(node.output[0], zero.name!)) {
    graph.removeInitializers(new Set([zero.name!]));
    return false;
  }
  graph.remove(node);
  return true;
}

/** Constants beyond this are weights; reading them all would take long. */
const longest = 65_536;

function consistsOf(graph: GraphEditor, value: string, element: number): boolean {
  const tensor = graph.constant(value);
  if (!tensor || elementCount(tensor) > longest || elementCount(tensor) === 0) return false;
  if (tensor.dataType === 8 || tensor.dataType === 14 || tensor.dataType === 15) return false;
  return (elements(tensor) as Float64Array).every((each) => Number(each) === element);
}
