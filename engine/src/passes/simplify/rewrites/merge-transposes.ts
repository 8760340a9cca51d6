/** Transpositions that follow one another, directly or across elementwise nodes that do not care. */

import { intsAttribute, setAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { elementCount } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { atEachNode, type Rewrite } from '../rewrite';

export const mergeTransposes: Rewrite = {
  id: 'merge-transposes',
  title: 'Successive transpositions',
  doc: 'Makes one Transpose of two, and none of two that undo each other, also where only elementwise nodes lie between them.',
  apply: atEachNode((node, graph) => compose(node, graph) || cancel(node, graph)),
};

function compose(node: Node, graph: GraphEditor): boolean {
  const second = permutation(graph, node);
  const before = graph.producer(node.input[0] ?? '');
  const first = before && permutation(graph, before);
  if (!second || !first || !before || first.length !== second.length) return false;
  const both = second.map((axis) => first[axis]);
  if (isIdentity(both) && graph.replace(node.output[0], before.input[0])) {
    graph.remove(node);
    return true;
  }
  if (graph.soleUser(node.input[0]) !== node) return false;
  graph.setInput(node, 0, before.input[0]);
  setAttribute(node, 'perm', both);
  graph.remove(before);
  return true;
}

/** Walks from a Transpose forward, until the one that undoes it or something that cares. */
function cancel(node: Node, graph: GraphEditor): boolean {
  const first = permutation(graph, node);
  if (!first) return false;
  const between: string[] = [];
  let value = node.output[0];
  for (;;) {
    const next = graph.soleUser(value);
    if (!next) return false;
    const second = permutation(graph, next);
    if (second) {
      if (between.length === 0 || !isIdentity(second.map((axis) => first[axis]))) return false;
      const [start] = [graph.soleUser(node.output[0])!];
      if (!graph.replace(next.output[0], value)) return false;
      graph.setInput(start, start.input.indexOf(node.output[0]), node.input[0]);
      graph.remove(next);
      graph.remove(node);
      for (const each of between) graph.forgetType(each);
      return true;
    }
    if (!isElementwise(graph, next, value)) return false;
    [value] = next.output;
    between.push(value);
  }
}

function permutation(graph: GraphEditor, node: Node): number[] | undefined {
  if (graph.op(node) !== 'Transpose') return undefined;
  const perm = intsAttribute(node, 'perm');
  if (perm) return perm;
  const rank = graph.shape(node.input[0])?.length;
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, i) => rank - 1 - i);
}

function isIdentity(perm: readonly (number | undefined)[]): boolean {
  return perm.every((axis, i) => axis === i);
}

const unary = new Set([
  ...[
    'Relu',
    'LeakyRelu',
    'Elu',
    'Selu',
    'Sigmoid',
    'HardSigmoid',
    'HardSwish',
    'Tanh',
    'Softplus',
  ],
  ...['Softsign', 'Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Floor', 'Ceil', 'Erf', 'Cast', 'Clip'],
]);
const binary = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min']);

/** True for nodes of one output whose other operands are scalars. */
function isElementwise(graph: GraphEditor, node: Node, value: string): boolean {
  const op = graph.op(node) ?? '';
  if (node.output.length !== 1) return false;
  if (op === 'Clip') return node.input[0] === value;
  if (unary.has(op)) return node.input.length === 1;
  if (!binary.has(op) || graph.model.opset < 7) return false;
  return node.input.every((name) => {
    const tensor = name === value ? undefined : graph.constant(name);
    return name === value || (tensor && tensor.dims.length <= 1 && elementCount(tensor) === 1);
  });
}
