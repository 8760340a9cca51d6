/**
 * Which layers of a cut model recovery may correct, and against what: for each, the value it reads,
 * the farthest value that is still linear in its output, and where a constant offset can go.
 */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Graph, Node } from '../../ir/model';
import { dimsOf, elementCount, floats } from '../../ir/tensor';
import { topologicalOrder } from '../../ir/traverse';
import { constantOf, ownConstant } from './constants';

/** A layer with constant weights and one linear path to a value that can be compared. */
export interface CorrectableLayer {
  readonly node: Node;
  /** Name of the weight, a constant that no other node uses. */
  readonly weight: string;
  readonly geometry: 'convolution' | 'dense';
  /** Axis of the outputs in the weight. */
  readonly outputAxis: 0 | 1;
  readonly groups: number;
  readonly input: string;
  readonly output: string;
  /**
   * What is compared with the original: the layer's output after BatchNormalization and a residual
   * Add whose other side is final by then, so that the layer also makes up for that side's errors.
   */
  readonly compared: string;
  /** d compared / d output, one for each output channel. */
  readonly scale: Float64Array;
  readonly offset: Offset;
}

/** Where a constant added to each channel of `compared` is stored. */
export type Offset =
  | { readonly kind: 'running-mean'; readonly tensor: string; readonly variance: string }
  | { readonly kind: 'constant'; readonly tensor: string }
  /** The layer has no bias yet, but can take one as this input. */
  | { readonly kind: 'new-bias' }
  | { readonly kind: 'none' };

/**
 * The correctable layers of a graph in the order in which they must be corrected.
 *
 * @param comparable whether a value can be compared: the original has it, too.
 */
export function correctableLayers(
  graph: Graph,
  comparable: (value: string) => boolean,
): CorrectableLayer[] {
  const index = indexGraph(graph);
  const { order } = topologicalOrder(graph);
  const position = new Map(order.map((node, at) => [node, at]));
  return order.flatMap((node) => {
    const layer = layerOf(node, index);
    const found = layer && followPath(layer, index, position);
    return found && comparable(found.compared) ? [found] : [];
  });
}

type Start = Omit<CorrectableLayer, 'compared' | 'scale' | 'offset'> & { readonly outputs: number };

function layerOf(node: Node, index: GraphIndex): Start | undefined {
  if (node.domain) return undefined;
  const weight = ownConstant(index, node.input[1]);
  if (!weight || weight.dataType !== 1) return undefined;
  const dims = dimsOf(weight);
  const base = { node, weight: node.input[1], input: node.input[0], output: node.output[0] };
  if (node.opType === 'Conv' && dims.length === 4) {
    const groups = intAttribute(node, 'group', 1);
    return { ...base, geometry: 'convolution', outputAxis: 0, groups, outputs: dims[0] };
  }
  if (dims.length !== 2) return undefined;
  if (node.opType === 'MatMul') {
    return { ...base, geometry: 'dense', outputAxis: 1, groups: 1, outputs: dims[1] };
  }
  const plain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1;
  if (node.opType !== 'Gemm' || intAttribute(node, 'transA', 0) === 1 || !plain) return undefined;
  const outputAxis = intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
  return { ...base, geometry: 'dense', outputAxis, groups: 1, outputs: dims[outputAxis] };
}

/** Walks from the layer's output along operators that are affine in it, one channel at a time. */
function followPath(
  { outputs, ...layer }: Start,
  index: GraphIndex,
  position: ReadonlyMap<Node, number>,
): CorrectableLayer {
  const scale = new Float64Array(outputs).fill(1);
  let compared = layer.output;
  let offset = ownOffset(layer, index);
  for (let next = onlyUser(compared, index); next; next = onlyUser(compared, index)) {
    if (next.opType === 'BatchNormalization' && next.input[0] === compared) {
      const found = normalization(next, index, outputs);
      if (!found) break;
      scale.forEach((_, i) => (scale[i] *= found.scale[i]));
      offset = { kind: 'running-mean', tensor: next.input[3], variance: next.input[4] };
    } else if (next.opType === 'Add') {
      const other = next.input[next.input[0] === compared ? 1 : 0];
      if (other === compared) break;
      const constant = ownConstant(index, other);
      if (!constant) {
        const made = index.producer(other);
        const final = made && position.get(made.node)! < position.get(layer.node)!;
        if (final) compared = next.output[0];
        break;
      }
      if (elementCount(constant) !== outputs || constant.dataType !== 1) break;
      offset = { kind: 'constant', tensor: other };
    } else {
      break;
    }
    compared = next.output[0];
  }
  return { ...layer, compared, scale, offset };
}

function ownOffset({ node }: Pick<Start, 'node'>, index: GraphIndex): Offset {
  if (node.opType === 'MatMul') return { kind: 'none' };
  if (!node.input[2]) return { kind: 'new-bias' };
  const bias = ownConstant(index, node.input[2]);
  return bias ? { kind: 'constant', tensor: node.input[2] } : { kind: 'none' };
}

/** γ / √(variance + ε) of a BatchNormalization in inference form. */
function normalization(
  node: Node,
  index: GraphIndex,
  channels: number,
): { scale: Float64Array } | undefined {
  const gamma = constantOf(index, node.input[1]);
  const mean = ownConstant(index, node.input[3]);
  const variance = ownConstant(index, node.input[4]);
  if (!gamma || !mean || !variance || elementCount(gamma) !== channels) return undefined;
  if (intAttribute(node, 'training_mode', 0) === 1 || mean.dataType !== 1) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const variances = floats(variance);
  const scale = Float64Array.from(
    floats(gamma),
    (each, i) => each / Math.sqrt(variances[i] + epsilon),
  );
  return { scale };
}

function onlyUser(value: string, index: GraphIndex): Node | undefined {
  const uses = index.uses(value);
  if (uses.length !== 1 || index.isOutput(value) || index.capturedBy(value).length > 0)
    return undefined;
  return uses[0].node;
}
