/** Constants of a graph, wherever it keeps them: in its initializers or in Constant nodes. */

import { setAttribute } from '../../ir/attributes';
import type { GraphIndex } from '../../ir/graph-index';
import type { Graph, Tensor } from '../../ir/model';
import { constantTensor } from '../../ops/constant';

export function constantOf(index: GraphIndex, name: string | undefined): Tensor | undefined {
  if (!name) return undefined;
  const maker = index.producer(name)?.node;
  return maker ? constantTensor(maker) : index.initializer(name);
}

/** A constant with exactly one use: changing it changes nothing else. */
export function ownConstant(index: GraphIndex, name: string | undefined): Tensor | undefined {
  if (!name || index.uses(name).length !== 1 || index.capturedBy(name).length > 0) return undefined;
  return index.isOutput(name) ? undefined : constantOf(index, name);
}

/** Puts `tensor` where the constant called `name` is kept. */
export function replaceConstant(graph: Graph, name: string, tensor: Tensor): void {
  const at = graph.initializer.findIndex((each) => each.name === name);
  if (at >= 0) {
    graph.initializer[at] = tensor;
    return;
  }
  const maker = graph.node.find(({ output }) => output[0] === name)!;
  maker.attribute = [];
  setAttribute(maker, 'value', tensor);
}
