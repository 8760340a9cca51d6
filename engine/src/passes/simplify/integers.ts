/** Lists of integers that operators take as an attribute in old operator sets and as an input later. */

import { intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { elementCount, numbers } from '../../ir/tensor';
import type { GraphEditor } from './graph-editor';

/** Longer ones spell no shape. */
const longest = 1024;

/** The integers of a constant input; undefined where it is missing or not constant. */
export function constantIntegers(
  graph: GraphEditor,
  node: Node,
  input: number,
): number[] | undefined {
  const tensor = graph.constant(node.input[input]);
  return tensor && elementCount(tensor) <= longest ? numbers(tensor) : undefined;
}

/** The attribute before operator set `since`, the constant input from it on. */
export function integerList(
  graph: GraphEditor,
  node: Node,
  name: string,
  input: number,
  since: number,
): number[] | undefined {
  if (graph.model.opset < since) return intsAttribute(node, name);
  return constantIntegers(graph, node, input);
}
