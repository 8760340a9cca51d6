/** Slices of different axes in a row, as exporters write them, in one Slice. */

import type { Node } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import { makeNode } from '../make-node';
import { sliceRanges, type SliceRange } from '../ranges';
import { atEachNode, type Rewrite } from '../rewrite';

export const mergeSlices: Rewrite = {
  id: 'merge-slices',
  title: 'Successive slices',
  doc: 'Makes one Slice of two that cut different axes by constant bounds.',
  apply: atEachNode((node, graph) => {
    const before = graph.producer(node.input[0] ?? '');
    const second = sliceRanges(graph, node);
    const first = before && sliceRanges(graph, before);
    if (!before || !first || !second || graph.soleUser(node.input[0]) !== node) return false;
    if (first.some(({ axis }) => second.some((range) => range.axis === axis))) return false;
    graph.substitute(node, makeSlice(graph, node, before.input[0], [...first, ...second]));
    graph.remove(before);
    return true;
  }),
};

function makeSlice(
  graph: GraphEditor,
  { name, output }: Node,
  source: string,
  ranges: readonly SliceRange[],
): Node {
  const steps = ranges.map(({ step }) => step);
  const lists = {
    starts: bounded(ranges.map(({ start }) => start)),
    ends: bounded(ranges.map(({ end }) => end)),
    axes: bounded(ranges.map(({ axis }) => axis)),
    ...(steps.some((step) => step !== 1) && { steps: bounded(steps) }),
  };
  if (graph.model.opset < 10) return makeNode('Slice', name, [source], output, lists);
  const constants = Object.entries(lists).map(([key, values]) =>
    graph.addConstant(`${output[0]}_${key}`, 'int64', [values.length], BigInt64Array.from(values)),
  );
  return makeNode('Slice', name, [source, ...constants], output);
}

/** "To the end" is the largest integer, which a number cannot hold exactly. */
function bounded(values: readonly number[]): bigint[] {
  const largest = 2n ** 63n - 1n;
  return values.map((value) => {
    if (Math.abs(value) < 2 ** 53) return BigInt(value);
    return value > 0 ? largest : -largest;
  });
}
