/** Constants of a graph, wherever it keeps them: in its initializers or in Constant nodes. */

import { setAttribute } from '../ir/attributes';
import type { Graph, Tensor } from '../ir/model';
import { constantTensor } from '../ops/constant';

/** In the order of the file, each with the name that nodes read it by. */
export function constantsOf({ initializer, node }: Graph): Tensor[] {
  const held = node.flatMap((each) => {
    const tensor = constantTensor(each);
    return tensor ? [{ ...tensor, name: each.output[0] }] : [];
  });
  return [...initializer, ...held];
}

/** Puts other tensors in the place of those of the same name; the graph is changed. */
export function replaceConstants(graph: Graph, tensors: ReadonlyMap<string, Tensor>): void {
  graph.initializer = graph.initializer.map((each) => tensors.get(each.name ?? '') ?? each);
  for (const node of graph.node) {
    const tensor = constantTensor(node) && tensors.get(node.output[0]);
    if (!tensor) continue;
    node.attribute = [];
    setAttribute(node, 'value', tensor);
  }
}
