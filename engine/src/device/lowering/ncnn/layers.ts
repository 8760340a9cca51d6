/**
 * The layers that ncnn runs, and the kernel that each of them is. Published measurements come with
 * lists of such layers, and `operators.ts` makes them from a graph, so that both are priced alike.
 */

import type { Node } from '../../../ir/model';
import type { Kernel, Window } from '../../kernel';

/** Sizes are without the batch: `[channels, height, width]`, `[rows, columns]` or `[elements]`. */
export interface NcnnLayer {
  /** ncnn's name of the layer's type. */
  readonly op: string;
  readonly in: readonly (readonly number[])[];
  readonly out: readonly (readonly number[])[];
  /** Of convolutions and poolings, along each spatial axis. */
  readonly kernel?: readonly number[];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
  readonly macs: number;
  /** Elements of its weights. */
  readonly weights: number;
  /** ncnn's code of the activation that is applied to what it computes. */
  readonly act?: number;
}

/**
 * The kernel of a layer, and one more for an activation: ncnn has them in the same layer, but they
 * sweep over the output once more. Only ReLU and Clip are all but free.
 */
export function ncnnKernels(layer: NcnnLayer, nodes: readonly Node[] = []): Kernel[] {
  const kernel = kernelOf(layer, nodes);
  const activation = layer.act === undefined ? undefined : sweeps.get(layer.act);
  if (!activation) return [kernel];
  const after = { op: activation, in: layer.out, out: layer.out, macs: 0, weights: 0 };
  return [kernel, kernelOf(after, [])];
}

const sweeps: ReadonlyMap<number, string> = new Map([
  [2, 'ReLU'],
  [4, 'Sigmoid'],
  [5, 'Mish'],
  [6, 'HardSwish'],
]);

function kernelOf(layer: NcnnLayer, nodes: readonly Node[]): Kernel {
  const sum = (shapes: readonly (readonly number[])[]) =>
    shapes.reduce((total, shape) => total + elements(shape), 0);
  const { macs, weights } = layer;
  const share = free.has(layer.op) ? freeShare : 1;
  const size = {
    macs,
    inputs: share * sum(layer.in),
    outputs: share * sum(layer.out),
    weights,
    window: windowOf(layer),
  };
  return { class: classOf(layer), op: layer.op, nodes, size };
}

const elements = (shape: readonly number[]) =>
  shape.reduce((product, extent) => product * extent, 1);

/**
 * Most of these only rename the memory; some copy it, because ncnn pads channels to whole cache
 * lines. Which ones depends on sizes in ways that published times cannot tell apart.
 */
const free = new Set(['Flatten', 'Reshape', 'PriorBox', 'Squeeze', 'ExpandDims']);
const freeShare = 0.3;

const classes: Readonly<Record<string, readonly string[]>> = {
  elementwise: [
    ...['ReLU', 'PReLU', 'Clip', 'BatchNorm', 'BinaryOp', 'Eltwise', 'Scale', 'Bias', 'UnaryOp'],
    ...['AbsVal', 'Cast'],
  ],
  activation: [
    ...['Swish', 'HardSwish', 'HardSigmoid', 'Sigmoid', 'TanH', 'GELU', 'ELU', 'SELU', 'Mish'],
    ...['Erf', 'Softplus', 'Softmax', 'LogSoftmax', 'LRN', 'LayerNorm', 'GroupNorm'],
    ...['InstanceNorm', 'RMSNorm', 'Normalize'],
  ],
  move: [
    ...['Pooling', 'Reduction', 'Concat', 'Slice', 'Crop', 'ShuffleChannel', 'PixelShuffle'],
    ...['Permute', 'Interp', 'Padding', 'Tile', 'Embed', 'Flatten', 'Reshape', 'Squeeze'],
    ...['ExpandDims', 'PriorBox', 'DetectionOutput', 'YoloDetectionOutput'],
    ...['Yolov3DetectionOutput'],
  ],
};

const classByOperator = new Map(
  Object.entries(classes).flatMap(([name, operators]) => operators.map((each) => [each, name])),
);

/** Of what no measured model holds: no profile has figures for it. */
const unmeasured = 'other';
const products = new Set(['InnerProduct', 'Gemm', 'MultiHeadAttention']);

function classOf(layer: NcnnLayer): string {
  if (layer.op.includes('volution')) return convolutionClass(layer);
  if (products.has(layer.op)) return rowsOf(layer) > 1 ? 'conv1x1' : 'fc';
  return classByOperator.get(layer.op) ?? unmeasured;
}

function convolutionClass({ op, in: [input], kernel = [1], groups = 1, ...layer }: NcnnLayer) {
  const { stride = [], dilation = [] } = layer;
  const [channels] = input;
  const simple = [...stride, ...dilation].every((step) => step === 1);
  const square = (extent: number) => kernel.every((each) => each === extent);
  if (op.startsWith('Deconvolution')) return groups > 1 ? 'depthwise' : 'conv';
  if (groups > 1 && groups === channels) return square(3) ? 'depthwise' : 'depthwise-large';
  if (groups > 1) return 'grouped';
  if (square(1)) return 'conv1x1';
  // Winograd transforms cost more than they save where there are few channels to spread them over.
  if (square(3) && kernel.length === 2 && simple && channels >= 8) return 'winograd';
  return channels <= 4 ? 'stem' : 'conv';
}

/** Of a product: how many vectors its weights are multiplied with. */
function rowsOf({ op, in: [input] }: NcnnLayer): number {
  // ncnn flattens what InnerProduct reads, unless it is a matrix already.
  return op === 'InnerProduct' && input.length !== 2 ? 1 : elements(input.slice(0, -1));
}

function windowOf(layer: NcnnLayer): Window | undefined {
  const {
    in: [input],
    out: [output],
    kernel,
    stride,
    groups = 1,
  } = layer;
  if (kernel && input.length > 1) {
    const [inChannels, outChannels] = [input[0], output[0]];
    const map = output.slice(1);
    return { inChannels, outChannels, groups, kernel, stride: stride ?? map.map(() => 1), map };
  }
  if (!products.has(layer.op) || rowsOf(layer) <= 1) return undefined;
  // A product of matrices is a convolution whose map has as many elements as there are rows.
  const [inChannels, outChannels] = [input, output].map((shape) => shape[shape.length - 1]);
  return { inChannels, outChannels, groups: 1, kernel: [1], stride: [1], map: [rowsOf(layer)] };
}
