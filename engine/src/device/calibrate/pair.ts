/** Finds for each kernel that ran the one that lowering foresaw. */

import type { Graph, Node } from '../../ir/model';
import type { Kernel } from '../kernel';
import type { MeasuredKernel } from './measure';

export interface Pairing {
  readonly pairs: readonly (readonly [Kernel, MeasuredKernel])[];
  readonly unforeseen: readonly MeasuredKernel[];
  readonly absent: readonly Kernel[];
}

const mark = /@(\d+)@/;
/** What kernels in the blocked layout are called after the value they give. */
const blockedSuffix = /(_bn|_mul)?_nchwc$/;

/**
 * @param graph whose nodes were marked (`withMarks`) when it was recorded.
 */
export function pairKernels(
  graph: Graph,
  foreseen: readonly Kernel[],
  measured: readonly MeasuredKernel[],
): Pairing {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node])));
  const open = new Map<string, Kernel[]>();
  for (const kernel of foreseen) {
    const list = open.get(kernel.op);
    if (list) list.push(kernel);
    else open.set(kernel.op, [kernel]);
  }
  const pairs: [Kernel, MeasuredKernel][] = [];
  const unforeseen: MeasuredKernel[] = [];
  // Those that are named for a node first, so that none is taken by what only has its size.
  const named = measured.map((kernel) => ({ kernel, node: nodeOf(kernel.name) }));
  for (const { kernel, node } of [...named].sort((x, y) => Number(!x.node) - Number(!y.node))) {
    const list = open.get(kernel.op) ?? [];
    const fits = (each: Kernel): boolean =>
      node ? each.nodes.includes(node) : each.size.outputs === kernel.elements;
    const at = list.findIndex(fits);
    if (at < 0) unforeseen.push(kernel);
    else pairs.push([list.splice(at, 1)[0], kernel]);
  }
  return { pairs, unforeseen, absent: [...open.values()].flat() };

  function nodeOf(name: string): Node | undefined {
    const found = mark.exec(name);
    if (found) return graph.node[Number(found[1])];
    return blockedSuffix.test(name) ? makers.get(name.replace(blockedSuffix, '')) : undefined;
  }
}
