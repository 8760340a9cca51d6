/** A Slice of one index whose axis is then squeezed away is a Gather of that index. */

import { makeNode } from '../make-node';
import { integerList } from '../integers';
import { sliceRanges } from '../ranges';
import { atEachNode, type Rewrite } from '../rewrite';

export const gatherSlices: Rewrite = {
  id: 'gather-slices',
  title: 'Slices of one index',
  doc: 'Makes one Gather of a Slice that takes a single index and the Squeeze that removes its axis.',
  apply: atEachNode((node, graph) => {
    const before = graph.producer(node.input[0] ?? '');
    if (graph.op(node) !== 'Squeeze' || !before || graph.soleUser(node.input[0]) !== node) {
      return false;
    }
    const [range, ...others] = sliceRanges(graph, before) ?? [];
    const squeezed = integerList(graph, node, 'axes', 1, 13);
    if (!range || others.length > 0 || squeezed?.length !== 1) return false;
    const rank = graph.shape(before.input[0])?.length ?? NaN;
    const { axis, start, end, step } = range;
    // -1 stands for the last index, which ends behind the last.
    const isOne = step === 1 && (end === start + 1 || (start === -1 && end > 2 ** 31 - 2));
    const size = graph.shape(before.input[0])?.[axis];
    const isInside = typeof size === 'number' && start >= -size && start < size;
    if (!isOne || end === 0 || !isInside) return false;
    if ((squeezed[0] < 0 ? squeezed[0] + rank : squeezed[0]) !== axis) return false;
    // Negative indices came to Gather late.
    const at = start < 0 ? start + size : start;
    const index = graph.addConstant(`${node.output[0]}_index`, 'int64', [], [at]);
    const inputs = [before.input[0], index];
    graph.substitute(node, makeNode('Gather', node.name, inputs, node.output, { axis }));
    graph.remove(before);
    return true;
  }),
};
