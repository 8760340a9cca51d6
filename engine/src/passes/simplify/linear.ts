/**
 * Layers that are linear in their weights, and what it takes to scale and shift their outputs: the
 * weights of each output channel are scaled, and the bias with them.
 */

import { floatAttribute, intAttribute, setAttribute } from '../../ir/attributes';
import { dataTypeName } from '../../ir/data-type';
import type { Node, Tensor } from '../../ir/model';
import { dimsOf, elements, tensorBytes, withElements } from '../../ir/tensor';
import { floatsOf, isFoldable, perChannel, type Affine, type ChannelAxis } from './affine';
import type { GraphEditor } from './graph-editor';

/** How the weight of a layer is laid out: `channelOf` gives the output channel of an element. */
export interface LinearLayer {
  readonly where: ChannelAxis;
  readonly weight: Tensor;
  readonly channelOf: (element: number) => number;
  /** One number for each output channel, or undefined without a bias. */
  readonly bias: Float64Array | undefined;
  /** Position of the bias among the inputs; undefined where the operator takes none. */
  readonly biasInput: number | undefined;
}

/** The node as a linear layer with constant weights; undefined where it is none. */
export function linearLayer(graph: GraphEditor, node: Node): LinearLayer | undefined {
  const weight = graph.constant(node.input[1]);
  if (!isFoldable(weight)) return undefined;
  switch (graph.op(node)) {
    case 'Conv':
      return convolution(graph, node, weight);
    case 'ConvTranspose':
      return transposedConvolution(graph, node, weight);
    case 'Gemm':
      return gemm(graph, node, weight);
    case 'MatMul':
      return matMul(graph, node, weight);
    default:
      return undefined;
  }
}

/** Weight [M, C/group, k…]. */
function convolution(graph: GraphEditor, node: Node, weight: Tensor): LinearLayer | undefined {
  const [channels, ...rest] = dimsOf(weight);
  const size = rest.reduce((product, dim) => product * dim, 1);
  const channelOf = (element: number): number => Math.floor(element / size);
  return withBias(graph, node, weight, { rank: rest.length + 1, axis: 1, channels }, channelOf);
}

/** Weight [C, M/group, k…]: the groups follow one another along the first axis. */
function transposedConvolution(
  graph: GraphEditor,
  node: Node,
  weight: Tensor,
): LinearLayer | undefined {
  const [inputs, perGroup, ...kernel] = dimsOf(weight);
  const groups = intAttribute(node, 'group', 1);
  const area = kernel.reduce((product, dim) => product * dim, 1);
  const channelOf = (element: number): number => {
    const row = Math.floor(element / (perGroup * area));
    const column = Math.floor(element / area) % perGroup;
    return Math.floor(row / (inputs / groups)) * perGroup + column;
  };
  const where = { rank: kernel.length + 2, axis: 1, channels: perGroup * groups };
  return withBias(graph, node, weight, where, channelOf);
}

/** Weight [K, N], or [N, K] with `transB`; a bias is broadcast to [M, N]. */
function gemm(graph: GraphEditor, node: Node, weight: Tensor): LinearLayer | undefined {
  if (graph.model.opset < 7) return undefined;
  const [rows, columns] = dimsOf(weight);
  const isTransposed = intAttribute(node, 'transB', 0) !== 0;
  const channelOf = (element: number): number =>
    isTransposed ? Math.floor(element / columns) : element % columns;
  const where = { rank: 2, axis: 1, channels: isTransposed ? rows : columns };
  return withBias(graph, node, weight, where, channelOf, floatAttribute(node, 'beta', 1));
}

/** Weight [K, N] behind an input of known rank. */
function matMul(graph: GraphEditor, node: Node, weight: Tensor): LinearLayer | undefined {
  const rank = graph.shape(node.input[0])?.length;
  if (weight.dims.length !== 2 || rank === undefined || rank < 2) return undefined;
  const channels = dimsOf(weight)[1];
  return {
    where: { rank, axis: rank - 1, channels },
    weight,
    channelOf: (element) => element % channels,
    bias: undefined,
    biasInput: undefined,
  };
}

function withBias(
  graph: GraphEditor,
  node: Node,
  weight: Tensor,
  where: ChannelAxis,
  channelOf: (element: number) => number,
  factor = 1,
): LinearLayer | undefined {
  const name = node.input[2];
  const bias = name ? biasOf(graph.constant(name), where, node.opType === 'Gemm') : undefined;
  // A bias that is no constant, or has rows, cannot be scaled with the weights.
  if (name && !bias) return undefined;
  return { where, weight, channelOf, bias: bias?.map((each) => factor * each), biasInput: 2 };
}

/** Only Gemm broadcasts its bias. */
function biasOf(
  tensor: Tensor | undefined,
  where: ChannelAxis,
  isBroadcast: boolean,
): Float64Array | undefined {
  if (isBroadcast) return perChannel(tensor, where);
  const values = floatsOf(tensor);
  return values?.length === where.channels ? values : undefined;
}

/**
 * Makes the layer give `scale · y + shift` in place of `y`.
 *
 * @returns false, and nothing has changed, where it cannot take a shift, or where weights that others
 *   use as well would have to be stored twice.
 */
export function absorb(
  graph: GraphEditor,
  node: Node,
  layer: LinearLayer,
  { scale, shift }: Affine,
  limit: number,
): boolean {
  const { weight, channelOf, bias, biasInput } = layer;
  const shifts = shift.some((each) => each !== 0);
  const scales = scale.some((each) => each !== 1);
  if (shifts && biasInput === undefined) return false;
  if (scales && !graph.ownsConstant(node, node.input[1]) && tensorBytes(weight) > limit)
    return false;
  if (scales) {
    const values = Float64Array.from(elements(weight) as ArrayLike<number>);
    for (let i = 0; i < values.length; i++) values[i] *= scale[channelOf(i)];
    storeConstant(graph, node, 1, weight, dimsOf(weight), values);
  }
  if (biasInput !== undefined && (bias || shifts)) {
    const values = shift.map((each, i) => each + scale[i] * (bias?.[i] ?? 0));
    if (node.opType === 'Gemm') setAttribute(node, 'beta', { f: 1 });
    setBias(graph, node, biasInput, weight, values);
  }
  return true;
}

/** Stores the bias under its old name, or under one that follows from the weight's. */
export function setBias(
  graph: GraphEditor,
  node: Node,
  input: number,
  weight: Tensor,
  values: Float64Array,
): void {
  const tensor = graph.constant(node.input[input]);
  if (tensor) return storeConstant(graph, node, input, tensor, [values.length], values);
  const wanted = /weight$/.test(node.input[1])
    ? node.input[1].replace(/weight$/, 'bias')
    : `${node.input[1]}_bias`;
  const type = dataTypeName(weight.dataType)!;
  graph.setInput(node, input, graph.addConstant(wanted, type, [values.length], [...values]));
}

/** Other elements for a constant of this node; in place where no other node reads it. */
export function storeConstant(
  graph: GraphEditor,
  node: Node,
  input: number,
  tensor: Tensor,
  dims: readonly number[],
  values: Float64Array,
): void {
  const name = node.input[input];
  const made = withElements(tensor, dims, values as unknown as readonly number[]);
  if (graph.ownsConstant(node, name)) graph.setConstant(name, { ...made, name });
  else {
    const fresh = graph.addTensor({ ...made, name: graph.model.fresh(`${name}_folded`) });
    graph.setInput(node, input, fresh);
  }
}
