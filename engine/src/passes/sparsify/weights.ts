/** Which weights of a model may get zeros, and why the others are left: biases never do. */

import { intAttribute } from '../../ir/attributes';
import { indexGraph, type GraphIndex, type Use } from '../../ir/graph-index';
import type { Model, Node, Tensor } from '../../ir/model';
import { dimsOf, elements, floats, numbers, withElements } from '../../ir/tensor';
import { findLayers, type Layer } from '../../inspect/layers';
import { constantTensor } from '../../ops/constant';
import { inferTypes, type TypeTable } from '../../ops/infer';
import { matrixOf, sameMatrix, type WeightMatrix } from './matrix';

/** A weight matrix with its elements as the layer computes with them. */
export interface Weight {
  /** The constant's name: of an initializer, or of a Constant node's output. */
  readonly name: string;
  /** The layers that read it, more than one where it is shared. */
  readonly layers: readonly string[];
  readonly tensor: Tensor;
  /** Dequantized where the file holds integers. */
  readonly values: Float32Array;
  readonly matrix: WeightMatrix;
  /** What it is multiplied with, one for each node that reads it. */
  readonly inputs: readonly WeightInput[];
  /** The tensor with zeros where `mask` is 1. */
  withZeros(mask: Uint8Array): Tensor;
}

export interface WeightInput {
  /** Undefined for the state of a recurrent layer, which no value of the graph holds. */
  readonly value: string | undefined;
  /** Whether input channels are counted along the last axis, or along the second one. */
  readonly channelsLast: boolean;
}

/** A weight that stays as it is. */
export interface LeftWeight {
  readonly name: string;
  readonly layers: readonly string[];
  readonly nonzeros: number;
  readonly reason: string;
}

export interface FoundWeights {
  readonly weights: readonly Weight[];
  readonly left: readonly LeftWeight[];
}

/** The weights in graph order. */
export function findWeights(model: Model): FoundWeights {
  const weights: Weight[] = [];
  const left: LeftWeight[] = [];
  if (!model.graph) return { weights, left };
  const index = indexGraph(model.graph);
  const types = inferTypes(model);
  const layers = findLayers(model, types);
  const seen = new Set<object>();
  for (const layer of layers) {
    for (const { constant, role } of layer.weights) {
      const { key, name, tensor } = constant;
      if (role !== 'parameter' || !tensor || seen.has(key)) continue;
      seen.add(key);
      const found =
        layer.graph === model.graph
          ? resolve(name, tensor, index, types, layers)
          : unlessVector(tensor, 'it lies in a subgraph');
      if (!found) continue;
      if (typeof found !== 'string') weights.push(found);
      else
        left.push({ name, layers: [layer.name], nonzeros: countNonzeros(tensor), reason: found });
    }
  }
  return { weights, left };
}

/** A weight, the reason why it is left, or nothing where the constant is no matrix. */
function resolve(
  name: string,
  tensor: Tensor,
  index: GraphIndex,
  types: TypeTable,
  layers: readonly Layer[],
): Weight | string | undefined {
  const { ends, leaves } = endsOf(name, index);
  const sites = ends.flatMap(({ node, input }) => {
    const shape = types.type(node.input[input])?.shape;
    if (!shape?.every((dim) => typeof dim === 'number')) return [];
    const matrix = matrixOf(node, input, shape);
    return matrix ? [{ node, input, matrix }] : [];
  });
  if (sites.length === 0) {
    const [end] = ends;
    const by = end ? `${end.node.opType} reads it` : 'nothing of the main graph reads it';
    return unlessVector(tensor, `${by}, not a layer whose axis of inputs is known`);
  }
  if (leaves || sites.length < ends.length) return 'something else than layers reads it too';
  const [{ matrix }] = sites;
  if (sites.some((site) => !sameMatrix(site.matrix, matrix))) {
    return 'the layers that share it read it along different axes';
  }
  const code = codeOf(name, tensor, index);
  if (typeof code === 'string') return code;
  const { values, zeroAt } = code;
  return {
    name,
    layers: sites.map(({ node }) => layers.find((layer) => layer.node === node)?.name ?? name),
    tensor,
    values,
    matrix,
    inputs: sites.map(({ node, input }) => inputOf(node, input)),
    withZeros: (mask) => {
      const data = elements(tensor).slice() as Float32Array;
      mask.forEach((gone, i) => gone && (data[i] = zeroAt(i)));
      return withElements(tensor, dimsOf(tensor), data);
    },
  };
}

/** Nodes that give the elements of their first input in the same order, zero as zero. */
const orderKeeping = new Set([
  ...['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'],
  ...['QuantizeLinear', 'DequantizeLinear'],
]);

/** Where the elements of a constant end up, behind nodes that keep their order. */
function endsOf(name: string, index: GraphIndex): { ends: Use[]; leaves: boolean } {
  const ends: Use[] = [];
  let leaves = false;
  const pending = [name];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (index.isOutput(value) || index.capturedBy(value).length > 0) leaves = true;
    for (const use of index.uses(value)) {
      const through = use.input === 0 && orderKeeping.has(use.node.opType ?? '');
      if (through) pending.push(use.node.output[0]);
      else ends.push(use);
    }
  }
  return { ends, leaves };
}

interface Code {
  readonly values: Float32Array;
  /** The stored element that stands for zero at a position. */
  zeroAt(position: number): number;
}

/** What the stored elements mean; a reason where that cannot be told. */
function codeOf(name: string, tensor: Tensor, index: GraphIndex): Code | string {
  const uses = index.uses(name);
  const dequantizers = uses.filter(({ node }) => node.opType === 'DequantizeLinear');
  if (dequantizers.length === 0) {
    const isFloat = elements(tensor) instanceof Float32Array;
    return isFloat ? { values: floats(tensor), zeroAt: () => 0 } : 'its element type is not float';
  }
  const [{ node }] = dequantizers;
  const [scale, zeroPoint] = [1, 2].map((at) => constantNamed(node.input[at], index));
  if (uses.length > 1) return 'it is dequantized in more than one way';
  if (!scale || (node.input[2] && !zeroPoint)) return 'its scale is computed when the model runs';
  if (intAttribute(node, 'block_size', 0) > 0) return 'it is quantized in blocks';
  const scales = numbers(scale);
  const zeros = zeroPoint ? numbers(zeroPoint) : [0];
  const channel = channelAt(node, dimsOf(tensor));
  const zeroAt = (at: number): number => zeros[zeros.length > 1 ? channel(at) : 0];
  const scaleAt = (at: number): number => scales[scales.length > 1 ? channel(at) : 0];
  const stored = numbers(tensor);
  return { values: Float32Array.from(stored, (q, at) => (q - zeroAt(at)) * scaleAt(at)), zeroAt };
}

/** The index along the quantized axis of an element. */
function channelAt(node: Node, dims: readonly number[]): (position: number) => number {
  const given = intAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + dims.length : given;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return (at) => Math.floor(at / inner) % (dims[axis] ?? 1);
}

function constantNamed(name: string | undefined, index: GraphIndex): Tensor | undefined {
  if (!name) return undefined;
  const maker = index.producer(name)?.node;
  return maker ? constantTensor(maker) : index.initializer(name);
}

function inputOf({ opType = '', input }: Node, at: number): WeightInput {
  const isState = ['LSTM', 'GRU', 'RNN'].includes(opType) && at === 2;
  return { value: isState ? undefined : input[0], channelsLast: !opType.startsWith('Conv') };
}

/** The reason, unless the constant is a bias, a scale or a shift, of which nobody expects zeros. */
function unlessVector(tensor: Tensor, reason: string): string | undefined {
  return dimsOf(tensor).filter((dim) => dim > 1).length > 1 ? reason : undefined;
}

function countNonzeros(tensor: Tensor): number {
  const data = elements(tensor);
  let count = 0;
  for (const value of data) if (Number(value) !== 0) count++;
  return count;
}
