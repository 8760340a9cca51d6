/** A product of two matrices and a bias added to its columns are one Gemm. */

import type { Node } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import { makeNode } from '../make-node';
import { atEachNode, type Rewrite } from '../rewrite';

export const matmulAdd: Rewrite = {
  id: 'matmul-add',
  title: 'Products with bias',
  doc: 'Makes one Gemm of a MatMul of two matrices and the Add of a bias behind it.',
  apply: atEachNode((node, graph) => {
    if (graph.op(node) !== 'Add' || graph.model.opset < 7) return false;
    return [0, 1].some((at) => makeGemm(graph, node, at));
  }),
};

function makeGemm(graph: GraphEditor, node: Node, at: number): boolean {
  const product = graph.producer(node.input[at] ?? '');
  if (!product || graph.op(product) !== 'MatMul') return false;
  if (graph.soleUser(node.input[at]) !== node) return false;
  const bias = node.input[1 - at];
  const [a, b] = product.input;
  const isMatrix = [a, b].every((name) => graph.shape(name)?.length === 2);
  const isFloat = ['float', 'double', 'float16'].includes(graph.type(a)?.dtype ?? '');
  const columns = graph.shape(b)?.at(-1);
  const dims = graph.shape(bias);
  const fits =
    dims !== undefined &&
    dims.length <= 2 &&
    dims.every((dim, i) => dim === 1 || (i === dims.length - 1 && dim === columns));
  if (!isMatrix || !isFloat || !fits) return false;
  // The bias may be made after the product, so the Gemm stands where the Add did.
  graph.substitute(node, makeNode('Gemm', product.name, [a, b, bias], node.output));
  graph.remove(product);
  return true;
}
