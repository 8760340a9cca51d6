/** What a Slice with constant bounds takes, one entry for each axis that it names. */

import type { Node } from '../../ir/model';
import type { GraphEditor } from './graph-editor';
import { constantIntegers, integerList } from './integers';

export interface SliceRange {
  /** Not negative. */
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Undefined where a bound is not constant, or an axis is named twice or cannot be told. */
export function sliceRanges(graph: GraphEditor, node: Node): SliceRange[] | undefined {
  if (graph.op(node) !== 'Slice') return undefined;
  const starts = integerList(graph, node, 'starts', 1, 10);
  const ends = integerList(graph, node, 'ends', 2, 10);
  const axes = integerList(graph, node, 'axes', 3, 10);
  if (!starts || starts.length !== ends?.length) return undefined;
  const isInput = graph.model.opset >= 10;
  if (isInput && node.input[3] && !axes) return undefined;
  const steps = isInput && node.input[4] ? constantIntegers(graph, node, 4) : starts.map(() => 1);
  if (!steps) return undefined;
  const rank = graph.shape(node.input[0])?.length;
  const ranges = starts.map((start, i) => {
    const axis = axes ? axes[i] : i;
    return { axis: axis < 0 ? axis + (rank ?? NaN) : axis, start, end: ends[i], step: steps[i] };
  });
  const named = new Set(ranges.map(({ axis }) => axis));
  return named.has(NaN) || named.size < ranges.length ? undefined : ranges;
}
