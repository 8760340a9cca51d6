/** Which values of a graph cannot be negative, whatever it is fed: as far as operators tell. */

import { floatAttribute } from '../ir/attributes';
import type { Graph, Node, Tensor } from '../ir/model';
import { numbers } from '../ir/tensor';

const always = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Softplus', 'Exp', 'Abs']);

/** Where the first input is not negative. */
const likeTheFirst = new Set([
  ...['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'ReduceMean', 'ReduceMax'],
  ...['Identity', 'Dropout', 'Flatten', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice'],
]);

/** Where no input is negative. */
const likeAll = new Set(['Concat', 'Add', 'Sum', 'Mul', 'Max', 'Min']);

/** @param constant the tensor behind the name of a constant. */
export function nonNegativeValues(
  graph: Graph,
  constant: (name: string) => Tensor | undefined,
): ReadonlySet<string> {
  const known = new Set<string>();
  const isIn = (name: string): boolean => known.has(name);
  for (const node of graph.node) {
    const { opType = '', input, output, domain } = node;
    if (domain && domain !== 'ai.onnx') continue;
    const is =
      always.has(opType) ||
      (likeTheFirst.has(opType) && isIn(input[0])) ||
      (likeAll.has(opType) && input.every(isIn)) ||
      (opType === 'Clip' && (isIn(input[0]) || leastOf(node, constant) >= 0));
    if (is) known.add(output[0]);
  }
  return known;
}

/** The lower bound of Clip: an attribute before version 11, an input since. */
function leastOf(node: Node, constant: (name: string) => Tensor | undefined): number {
  if (!node.input[1]) return floatAttribute(node, 'min', -Infinity);
  const tensor = constant(node.input[1]);
  return tensor ? Number(numbers(tensor)[0]) : -Infinity;
}
