/** Two multiplications (or additions) by constants in a row. */

import type { Node, Tensor } from '../../../ir/model';
import { dimsOf, elementCount, withElements } from '../../../ir/tensor';
import { floatsOf } from '../affine';
import type { GraphEditor } from '../graph-editor';
import { makeNode } from '../make-node';
import { atEachNode, type Rewrite } from '../rewrite';

export const mergeFactors: Rewrite = {
  id: 'merge-factors',
  title: 'Successive constants',
  doc: 'Makes one Mul of two multiplications or divisions by constants in a row, and one Add of two additions or subtractions.',
  apply: atEachNode((node, graph) => {
    const second = operation(graph, node);
    const before = second && graph.producer(second.value);
    const first = before && operation(graph, before);
    if (!second || !before || first?.kind !== second.kind) return false;
    if (graph.soleUser(second.value) !== node) return false;
    const combined = combine(first, second);
    if (!combined) return false;
    const name = graph.model.fresh(
      `${node.output[0]}_${second.kind === 'Mul' ? 'factor' : 'term'}`,
    );
    graph.addTensor({ ...combined, name });
    graph.substitute(node, makeNode(second.kind, node.name, [first.value, name], node.output));
    graph.remove(before);
    return true;
  }),
};

interface Operation {
  readonly kind: 'Mul' | 'Add';
  /** The operand that is no constant. */
  readonly value: string;
  readonly constant: Tensor;
  /** The factor or the term, as doubles. */
  readonly numbers: Float64Array;
}

function operation(graph: GraphEditor, node: Node): Operation | undefined {
  const op = graph.op(node) ?? '';
  if (graph.model.opset < 7 || node.input.length !== 2) return undefined;
  if (!['Mul', 'Div', 'Add', 'Sub'].includes(op)) return undefined;
  const at = node.input.findIndex((name) => graph.constant(name));
  // A constant that is divided, or subtracted from, changes more than a factor.
  if (at < 0 || (at === 0 && (op === 'Div' || op === 'Sub'))) return undefined;
  const constant = graph.constant(node.input[at])!;
  const value = node.input[1 - at];
  if (graph.constant(value)) return undefined;
  const numbers = floatsOf(constant)?.map((each) =>
    op === 'Div' ? 1 / each : op === 'Sub' ? -each : each,
  );
  if (!numbers?.every(Number.isFinite)) return undefined;
  return { kind: op === 'Mul' || op === 'Div' ? 'Mul' : 'Add', value, constant, numbers };
}

/** Of equal dimensions, or one of them a scalar, so that the result is no larger than the larger. */
function combine(first: Operation, second: Operation): Tensor | undefined {
  const [a, b] = [first.constant, second.constant];
  const isEqual = dimsOf(a).join() === dimsOf(b).join();
  const isScalar = (tensor: Tensor): boolean =>
    elementCount(tensor) === 1 && tensor.dims.length <= 1;
  if (a.dataType !== b.dataType || !(isEqual || isScalar(a) || isScalar(b))) return undefined;
  const isFirst = isScalar(b) && (!isScalar(a) || a.dims.length >= b.dims.length);
  const [larger, smaller] = isEqual || isFirst ? [first, second] : [second, first];
  const numbers = larger.numbers.map((each, i) => {
    const other = smaller.numbers[smaller.numbers.length === 1 ? 0 : i];
    return first.kind === 'Mul' ? each * other : each + other;
  });
  const lost = first.kind === 'Mul' && numbers.some((each) => Math.abs(each) < 1e-30 && each !== 0);
  if (lost || !numbers.every((each) => Math.abs(each) < 1e30)) return undefined;
  return withElements(larger.constant, dimsOf(larger.constant), numbers as unknown as number[]);
}
