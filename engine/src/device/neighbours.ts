/** The layers next to a layer: whose channels must follow when its own change. */

import { intAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import type { Workload } from './workload';

/** So many nodes are looked at; a list that is longer helps nobody. */
const mostNodes = 200;

/**
 * Names of the layers that give what a layer reads (`inputs`), or read what it gives (`outputs`), in
 * the order they are met; those that meet it in a sum among them.
 */
export function neighboursOf(
  layer: Node,
  workload: Workload,
  sides: { readonly inputs: boolean; readonly outputs: boolean },
): string[] {
  const { index, layers } = workload;
  const found = new Set<string>();
  const seen = new Set<Node>([layer]);
  const open: { node: Node; backwards: boolean }[] = [];
  const behind = (value: string): void => {
    for (const { node } of index.uses(value)) open.push({ node, backwards: false });
  };
  const before = (node: Node): void => {
    for (const name of node.input) {
      const made = workload.isConstant(name) ? undefined : index.producer(name);
      if (made) open.push({ node: made.node, backwards: true });
    }
  };
  if (sides.inputs) before(layer);
  if (sides.outputs) layer.output.forEach(behind);
  for (let next = open.shift(); next && seen.size < mostNodes; next = open.shift()) {
    const { node, backwards } = next;
    if (seen.has(node)) continue;
    seen.add(node);
    const name = layers.get(node);
    if (name !== undefined) found.add(name);
    if (name !== undefined && mixesChannels(node, workload)) continue;
    if (backwards) before(node);
    else {
      node.output.forEach(behind);
      if (node.opType === 'Add' || node.opType === 'Sum') before(node);
    }
  }
  return [...found];
}

/** Such a layer ends the search; normalizations and depthwise convolutions only follow. */
function mixesChannels(node: Node, workload: Workload): boolean {
  return workload.macs(node) > 0 && intAttribute(node, 'group', 1) === 1;
}
