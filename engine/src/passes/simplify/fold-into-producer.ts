/** Lets a layer take over the scale and shift that the node behind it applies. */

import type { Node } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { affineOf, floatsOf } from './affine';
import type { GraphEditor } from './graph-editor';
import { absorb, linearLayer, storeConstant } from './linear';

/** Folds `node` into the layer that makes its input; false where that is not exact or would grow. */
export function foldIntoProducer(
  graph: GraphEditor,
  node: Node,
  input: number,
  limit: number,
): boolean {
  const value = node.input[input];
  const producer = value ? graph.producer(value) : undefined;
  if (!producer || graph.soleUser(value) !== node) return false;
  const folded =
    graph.op(producer) === 'BatchNormalization'
      ? foldIntoBatchNormalization(graph, producer, node, value)
      : foldIntoLayer(graph, producer, node, value, limit);
  if (!folded) return false;
  graph.replace(node.output[0], value);
  graph.remove(node);
  return true;
}

function foldIntoLayer(
  graph: GraphEditor,
  producer: Node,
  node: Node,
  value: string,
  limit: number,
): boolean {
  const layer = linearLayer(graph, producer);
  const affine = layer && affineOf(graph, node, value, layer.where);
  return affine !== undefined && absorb(graph, producer, layer!, affine, limit);
}

/** scale and bias of the normalization take over; its statistics stay. */
function foldIntoBatchNormalization(
  graph: GraphEditor,
  producer: Node,
  node: Node,
  value: string,
): boolean {
  const gamma = graph.constant(producer.input[1]);
  const beta = graph.constant(producer.input[2]);
  const rank = graph.shape(value)?.length;
  if (!gamma || !beta || rank === undefined || gamma.dataType !== beta.dataType) return false;
  const where = { rank, axis: 1, channels: dimsOf(gamma)[0] };
  const itself = affineOf(graph, producer, producer.input[0], where);
  const affine = affineOf(graph, node, value, where);
  if (!itself || !affine) return false;
  const [scale, shift] = [floatsOf(gamma)!, floatsOf(beta)!];
  const { channels } = where;
  storeConstant(
    graph,
    producer,
    1,
    gamma,
    [channels],
    scale.map((each, i) => each * affine.scale[i]),
  );
  const shifted = shift.map((each, i) => each * affine.scale[i] + affine.shift[i]);
  storeConstant(graph, producer, 2, beta, [channels], shifted);
  return true;
}
