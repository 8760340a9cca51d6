/** Layers whose weights can take a factor for each channel that they read or give. */

import { floatAttribute } from '../../ir/attributes';
import { dataTypeName } from '../../ir/data-type';
import type { GraphIndex } from '../../ir/graph-index';
import { layerName } from '../../ir/layer-name';
import type { Node, Tensor } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { dimsOf, elementCount } from '../../ir/tensor';
import type { TypeTable } from '../../ops/infer';
import { matrixOf, type WeightMatrix } from '../sparsify/matrix';
import type { ChannelAxis } from './links';

export interface RescaledLayer {
  readonly name: string;
  readonly node: Node;
  /** Read by this layer alone. */
  readonly weight: Tensor;
  readonly matrix: WeightMatrix;
  /** Channels that it reads, those of all groups together. */
  readonly inputs: number;
  /** Where its output channels are. */
  readonly gives: ChannelAxis;
  /** Undefined where there is none, `computed` where it has not one number for each output. */
  readonly bias: Tensor | 'computed' | undefined;
  /** Whether a value whose channels lie so is read channel by channel. */
  reads(axis: number, rank: number): boolean;
}

/** The layer at a node; undefined where its weight is no float matrix, or is shared. */
export function layerAt(
  node: Node,
  index: GraphIndex,
  types: TypeTable,
): RescaledLayer | undefined {
  if (normalDomain(node.domain) !== '' || !operators.has(node.opType ?? '')) return undefined;
  const weight = ownInitializer(node.input[1], index);
  const matrix = weight && matrixOf(node, 1, dimsOf(weight));
  if (!matrix || dataTypeName(weight.dataType) !== 'float') return undefined;
  const isConvolution = node.opType!.startsWith('Conv');
  if (!isConvolution && weight.dims.length !== 2) return undefined;
  const rank =
    node.opType === 'MatMul' ? types.type(node.input[0])?.shape?.length : weight.dims.length;
  if (rank === undefined || rank < 2) return undefined;
  const axis = isConvolution ? 1 : rank - 1;
  return {
    name: layerName(node, weight.name),
    node,
    weight,
    matrix,
    inputs: matrix.channels + Math.max(...matrix.firstChannels),
    gives: { axis, rank, channels: matrix.outputs },
    bias: biasOf(node, index, matrix.outputs),
    reads: (at, of) => at === axis && of === rank,
  };
}

const operators = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

function ownInitializer(name: string | undefined, index: GraphIndex): Tensor | undefined {
  if (!name || index.uses(name).length !== 1 || index.capturedBy(name).length > 0) return undefined;
  return index.isOutput(name) || index.input(name) ? undefined : index.initializer(name);
}

function biasOf(node: Node, index: GraphIndex, outputs: number): RescaledLayer['bias'] {
  const name = node.opType === 'MatMul' ? undefined : node.input[2];
  if (!name) return undefined;
  const tensor = index.input(name) ? undefined : index.initializer(name);
  const isVector = tensor && elementCount(tensor) === outputs && tensor.dims.at(-1) === outputs;
  return isVector && floatAttribute(node, 'beta', 1) !== 0 ? tensor : 'computed';
}

/** Whether a constant has one number for each channel, or one for all, and widens nothing. */
export function isPerChannel(tensor: Tensor, { axis, rank, channels }: ChannelAxis): boolean {
  const dims = dimsOf(tensor);
  if (dims.length > rank || dataTypeName(tensor.dataType) !== 'float') return false;
  const padded = [...new Array<number>(rank - dims.length).fill(1), ...dims];
  return padded.every((dim, i) => dim === 1 || (i === axis && dim === channels));
}

/** The dimensions of a constant that is broadcast along all axes but that of the channels. */
export function channelDims({ axis, rank, channels }: ChannelAxis): number[] {
  return [channels, ...new Array<number>(rank - 1 - axis).fill(1)];
}
