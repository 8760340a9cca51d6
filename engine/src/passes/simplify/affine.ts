/** Elementwise nodes that scale and shift each channel by constants: y = scale · x + shift. */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import type { Node, Tensor } from '../../ir/model';
import { dimsOf, elementCount, elements } from '../../ir/tensor';
import type { GraphEditor } from './graph-editor';

export interface Affine {
  /** One number for each channel. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Where the channels of a value lie. */
export interface ChannelAxis {
  readonly rank: number;
  readonly axis: number;
  readonly channels: number;
}

/** What `node` does to its input `value`; undefined where that is no constant scale and shift. */
export function affineOf(
  graph: GraphEditor,
  node: Node,
  value: string,
  where: ChannelAxis,
): Affine | undefined {
  const op = graph.op(node);
  if (op === 'BatchNormalization') return moderate(batchNormalization(graph, node, value, where));
  if (graph.model.opset < 7 || node.input.length !== 2) return undefined;
  const isFirst = node.input[0] === value;
  const other = perChannel(graph.constant(node.input[isFirst ? 1 : 0]), where);
  if (!other) return undefined;
  return moderate(arithmetic(op, other, isFirst));
}

function arithmetic(
  op: string | undefined,
  other: Float64Array,
  isFirst: boolean,
): Affine | undefined {
  const all = (number: number) => new Float64Array(other.length).fill(number);
  switch (op) {
    case 'Mul':
      return { scale: other, shift: all(0) };
    case 'Div':
      return isFirst ? { scale: other.map((each) => 1 / each), shift: all(0) } : undefined;
    case 'Add':
      return { scale: all(1), shift: other };
    case 'Sub':
      return isFirst
        ? { scale: all(1), shift: other.map((each) => -each) }
        : { scale: all(-1), shift: other };
    default:
      return undefined;
  }
}

/** Numbers that leave the range of single precision on their way would not come back to it. */
function moderate(affine: Affine | undefined): Affine | undefined {
  const isModerate = (each: number): boolean => Math.abs(each) < 1e30;
  return affine?.scale.every(isModerate) && affine.shift.every(isModerate) ? affine : undefined;
}

/** y = scale · (x - mean) / √(var + ε) + bias (onnx/docs/Operators.md, BatchNormalization). */
function batchNormalization(
  graph: GraphEditor,
  node: Node,
  value: string,
  { axis, channels }: ChannelAxis,
): Affine | undefined {
  const isTraining =
    intAttribute(node, 'training_mode', 0) !== 0 ||
    intAttribute(node, 'spatial', 1) !== 1 ||
    (graph.model.opset < 7 && intAttribute(node, 'is_test', 0) !== 1);
  if (isTraining || axis !== 1 || node.input[0] !== value || node.output.length > 1)
    return undefined;
  const lists = node.input.slice(1).map((name) => floatsOf(graph.constant(name)));
  const [gamma, beta, mean, variance] = lists;
  if (lists.length !== 4 || !lists.every((list) => list?.length === channels)) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = gamma!.map((each, i) => each / Math.sqrt(variance![i] + epsilon));
  return { scale, shift: beta!.map((each, i) => each - mean![i] * scale[i]) };
}

/**
 * The constant as one number for each channel: a scalar, or a tensor that varies along the channels
 * alone and does not widen what it is added to.
 */
export function perChannel(
  tensor: Tensor | undefined,
  { rank, axis, channels }: ChannelAxis,
): Float64Array | undefined {
  if (!tensor || tensor.dims.length > rank) return undefined;
  const dims = dimsOf(tensor);
  const padded = [...new Array<number>(rank - dims.length).fill(1), ...dims];
  const fits = padded.every((dim, i) => dim === 1 || (i === axis && dim === channels));
  const values = fits ? floatsOf(tensor) : undefined;
  if (!values?.every(Number.isFinite)) return undefined;
  return values.length === 1 ? new Float64Array(channels).fill(values[0]) : values;
}

/** The element types in which weights are folded. */
export function isFoldable(tensor: Tensor | undefined): tensor is Tensor {
  return tensor !== undefined && [1, 10, 11].includes(tensor.dataType ?? 0);
}

/** The elements with double precision; undefined for types that weights do not have. */
export function floatsOf(tensor: Tensor | undefined): Float64Array | undefined {
  if (!isFoldable(tensor) || elementCount(tensor) > 2 ** 24) return undefined;
  return Float64Array.from(elements(tensor) as ArrayLike<number>);
}
