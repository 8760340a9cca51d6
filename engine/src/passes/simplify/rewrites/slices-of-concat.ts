/** A Slice that takes back exactly what a Concat put in. */

import { intAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import type { GraphEditor } from '../graph-editor';
import { sliceRanges } from '../ranges';
import { atEachNode, type Rewrite } from '../rewrite';

export const slicesOfConcat: Rewrite = {
  id: 'slices-of-concat',
  title: 'Slices of concatenations',
  doc: 'Lets what reads a Slice of a Concat read the part itself, where the Slice takes one part exactly.',
  apply: atEachNode((node, graph) => {
    const [range, ...others] = sliceRanges(graph, node) ?? [];
    const concat = graph.producer(node.input[0] ?? '');
    if (!range || others.length > 0 || range.step !== 1 || !concat) return false;
    const parts = graph.op(concat) === 'Concat' ? partsOf(graph, concat, range.axis) : undefined;
    const size = parts?.at(-1)?.end;
    if (!parts || size === undefined) return false;
    const bound = (value: number): number =>
      Math.max(0, Math.min(size, value < 0 ? value + size : value));
    const [start, end] = [bound(range.start), bound(range.end)];
    const part = parts.find((each) => each.start === start && each.end === end);
    if (!part || !graph.replace(node.output[0], part.name)) return false;
    graph.remove(node);
    return true;
  }),
};

interface Part {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Where each input begins and ends along the axis; undefined where a size is dynamic. */
function partsOf(graph: GraphEditor, concat: Node, axis: number): Part[] | undefined {
  const rank = graph.shape(concat.output[0])?.length ?? NaN;
  const along = intAttribute(concat, 'axis', 1);
  if ((along < 0 ? along + rank : along) !== axis) return undefined;
  const parts: Part[] = [];
  let start = 0;
  for (const name of concat.input) {
    const size = graph.shape(name)?.[axis];
    if (typeof size !== 'number') return undefined;
    parts.push({ name, start, end: start + size });
    start += size;
  }
  return parts;
}
