/** The numbers by which a layer is written down in source code: read from its node, and put into it. */

import { intAttribute, intsAttribute, setAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import { slide, windowOf } from '../ops/sliding-window';
import type { Workload } from './workload';

/** Absent where it is not known. Lists have one number for each spatial axis. */
export interface LayerNumbers {
  readonly inChannels?: number;
  readonly outChannels?: number;
  readonly groups?: number;
  readonly kernel?: readonly number[];
  readonly stride?: readonly number[];
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
}

/** A layer's node and the sizes of what it reads and gives. */
export interface LayerShapes {
  readonly node: Node;
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly output: readonly number[];
}

/** Undefined for what is neither a convolution nor a product with a weight, or of unknown size. */
export function shapesOf(node: Node, workload: Workload): LayerShapes | undefined {
  const [input, weight] = node.input.map((name) => workload.shape(name));
  const output = workload.shape(node.output[0]);
  const kind = node.opType ?? '';
  if (!input || !weight || !output || !workload.isConstant(node.input[1])) return undefined;
  if (kind === 'Conv') return weight.length >= 3 ? { node, input, weight, output } : undefined;
  const isProduct = (kind === 'Gemm' || kind === 'MatMul') && weight.length === 2;
  return isProduct ? { node, input, weight, output } : undefined;
}

export function numbersOf({ node, weight, input }: LayerShapes): Required<LayerNumbers> {
  if (node.opType !== 'Conv') {
    const none = { kernel: [], stride: [], padding: [], dilation: [] };
    const [inChannels, outChannels] = isTransposed(node) ? [weight[1], weight[0]] : weight;
    return { inChannels, outChannels, groups: 1, ...none };
  }
  const { strides, dilations, pads } = windowOf(node, weight.slice(2));
  return {
    inChannels: input[1],
    outChannels: weight[0],
    groups: intAttribute(node, 'group', 1),
    kernel: weight.slice(2),
    stride: strides,
    padding: pads.slice(0, weight.length - 2),
    dilation: dilations,
  };
}

/** The layer with other numbers; undefined where no such layer can be. */
export function withNumbers(
  shapes: LayerShapes,
  numbers: Required<LayerNumbers>,
): LayerShapes | undefined {
  const { inChannels, outChannels, groups, kernel, stride, padding, dilation } = numbers;
  const { input, output } = shapes;
  const counts = [inChannels, outChannels, groups, ...kernel, ...stride, ...dilation];
  if (counts.some((count) => count < 1)) return undefined;
  const node = { ...shapes.node, attribute: [...shapes.node.attribute] };
  if (node.opType !== 'Conv') {
    const weight = isTransposed(node) ? [outChannels, inChannels] : [inChannels, outChannels];
    const [reads, gives] = [input, output].map((shape) => shape.slice(0, -1));
    return { node, input: [...reads, inChannels], weight, output: [...gives, outChannels] };
  }
  if (inChannels % groups > 0 || outChannels % groups > 0) return undefined;
  setAttribute(node, 'group', groups);
  setAttribute(node, 'strides', [...stride]);
  setAttribute(node, 'dilations', [...dilation]);
  if (intsAttribute(node, 'kernel_shape')) setAttribute(node, 'kernel_shape', [...kernel]);
  const before = numbersOf(shapes).padding;
  // Pads may differ at the two ends; they are only touched where the source says others.
  if (padding.some((each, axis) => each !== before[axis])) {
    setAttribute(node, 'pads', [...padding, ...padding]);
  }
  const [batch, , ...spatial] = input;
  const map = slide(spatial, windowOf(node, kernel)).map(Number);
  if (map.some((size) => !(size > 0))) return undefined;
  return {
    node,
    input: [batch, inChannels, ...spatial],
    weight: [outChannels, inChannels / groups, ...kernel],
    output: [batch, outChannels, ...map],
  };
}

/** Gemm may hold its weight as [out, in], as PyTorch does. */
function isTransposed(node: Node): boolean {
  return node.opType === 'Gemm' && intAttribute(node, 'transB', 0) !== 0;
}
