/** Constant nodes become initializers, where every tool looks for weights. */

import { attribute } from '../../../ir/attributes';
import type { Node, Tensor } from '../../../ir/model';
import { constantTensor } from '../../../ops/constant';
import { dataTypeNamed } from '../../../ir/data-type';
import { atEachNode, type Rewrite } from '../rewrite';

export const constantNodes: Rewrite = {
  id: 'constant-nodes',
  title: 'Constants as initializers',
  doc: 'Turns Constant nodes into initializers of the same name. One that is an output of its graph stays a node.',
  apply: atEachNode((node, graph) => {
    if (graph.op(node) !== 'Constant') return false;
    const [name] = node.output;
    const tensor = constantTensor(node) ?? stringTensor(node);
    if (!tensor || !name || graph.isKept(name)) return false;
    graph.moveToInitializer(node, { ...tensor, name });
    return true;
  }),
};

function stringTensor(node: Node): Tensor | undefined {
  const one = attribute(node, 'value_string')?.s;
  const many = attribute(node, 'value_strings')?.strings;
  if (!one && !many) return undefined;
  return {
    dims: many ? [many.length] : [],
    dataType: dataTypeNamed('string').code,
    stringData: many ?? [one!],
    externalData: [],
    metadataProps: [],
  };
}
