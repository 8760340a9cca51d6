/** A Pad with zeros in front of a convolution or an average is what their own pads do. */

import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  setAttribute,
  stringAttribute,
} from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { elements } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { integerList } from '../integers';
import { atEachNode, type Rewrite } from '../rewrite';

export const fusePads: Rewrite = {
  id: 'fuse-pads',
  title: 'Pads into layers',
  doc: 'Moves a Pad of zeros along the spatial axes into the Conv or AveragePool that alone reads it.',
  apply: atEachNode((node, graph) => {
    const op = graph.op(node);
    const pad = graph.producer(node.input[0] ?? '');
    if ((op !== 'Conv' && op !== 'AveragePool') || !pad || graph.op(pad) !== 'Pad') return false;
    const added = graph.soleUser(node.input[0]) === node ? spatialZeros(graph, pad) : undefined;
    const own = added && ownPads(node, added.length);
    if (!added || !own || (op === 'AveragePool' && !takesPads(node, own, added, graph.model.opset)))
      return false;
    const isPadded = stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET';
    if (isPadded) setAttribute(node, 'auto_pad', 'NOTSET');
    setAttribute(
      node,
      'pads',
      own.map((width, i) => width + added[i]),
    );
    if (op === 'AveragePool') setAttribute(node, 'count_include_pad', 1);
    graph.setInput(node, 0, pad.input[0]);
    graph.remove(pad);
    return true;
  }),
};

/** Begins, then ends, of the axes behind batch and channels; undefined where the Pad does more. */
function spatialZeros(graph: GraphEditor, pad: Node): number[] | undefined {
  const pads = integerList(graph, pad, 'pads', 1, 11);
  if (!pads || pad.input[3] || stringAttribute(pad, 'mode', 'constant') !== 'constant') {
    return undefined;
  }
  const rank = pads.length / 2;
  const outer = [pads[0], pads[1], pads[rank], pads[rank + 1]];
  const isZero = outer.every((width) => width === 0) && padValue(graph, pad) === 0;
  if (!isZero || pads.some((width) => width < 0) || rank < 3) return undefined;
  return [...pads.slice(2, rank), ...pads.slice(rank + 2)];
}

function padValue(graph: GraphEditor, pad: Node): number | undefined {
  if (graph.model.opset < 11) return floatAttribute(pad, 'value', 0);
  if (!pad.input[2]) return 0;
  const value = graph.constant(pad.input[2]);
  return value && Number(elements(value)[0]);
}

/** The pads of the layer itself; undefined where they follow from the size of its input. */
function ownPads(node: Node, count: number): number[] | undefined {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'VALID') return new Array<number>(count).fill(0);
  return mode === 'NOTSET'
    ? (intsAttribute(node, 'pads') ?? new Array<number>(count).fill(0))
    : undefined;
}

/** The zeros of the Pad count in the average, so those of the pooling have to as well. */
function takesPads(
  node: Node,
  own: readonly number[],
  added: readonly number[],
  opset: number,
): boolean {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  // Before version 7 an average never counted its pads.
  if (opset < 7) return false;
  const counts =
    intAttribute(node, 'count_include_pad', 0) === 1 || own.every((each) => each === 0);
  const fits = own.every((width, i) => width + added[i] < kernel[i % kernel.length]);
  return counts && fits && intAttribute(node, 'ceil_mode', 0) === 0;
}
