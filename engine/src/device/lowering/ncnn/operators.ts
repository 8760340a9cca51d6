/** From ONNX's operators to ncnn's layers. */

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import type { Operator, RunGraph } from '../ort-cpu/run-graph';
import type { NcnnLayer } from './layers';

export function layerOf(operator: Operator, graph: RunGraph): NcnnLayer {
  const { type, inputs, outputs, nodes } = operator;
  const given = [...new Set(inputs.filter(Boolean))];
  const sum = (names: readonly string[]) =>
    names.reduce((total, name) => total + graph.elements(name), 0);
  const base = {
    op: names.get(type) ?? type,
    in: given.filter((name) => !graph.isConstant(name)).map((name) => shapeOf(name, graph)),
    out: outputs.filter(Boolean).map((name) => shapeOf(name, graph)),
    macs: nodes.reduce((total, node) => total + graph.workload.macs(node), 0),
    weights: sum(given.filter((name) => graph.isConstant(name))),
  };
  // What reads nothing, or only in its subgraphs, is none of ncnn's layers.
  if (base.in.length === 0 || base.out.length === 0) return { ...base, op: type, macs: 0 };
  if (slides.test(type)) return slidingLayer(base, operator, graph);
  return products.has(type) ? productLayer(base, operator, graph) : base;
}

const slides = /^(Conv|ConvTranspose|MaxPool|AveragePool|LpPool)$/;
const products = new Set(['Gemm', 'MatMul']);

/** Without the batch, which ncnn does not know: one more dimension where it is not 1. */
function shapeOf(value: string, graph: RunGraph): readonly number[] {
  const shape = graph.shape(value) ?? [0];
  return shape.length > 1 && shape[0] === 1 ? shape.slice(1) : shape;
}

function slidingLayer(base: NcnnLayer, { type, node, inputs, outputs }: Operator, graph: RunGraph) {
  const [input, output] = [inputs[0], outputs[0]].map((name) => mapOf(graph.shape(name)));
  if (!node || !input || !output) return base;
  const weight = type.startsWith('Conv') ? graph.shape(inputs[1])?.slice(2) : undefined;
  const groups = intAttribute(node, 'group', 1);
  const name = type === 'ConvTranspose' ? 'Deconvolution' : 'Convolution';
  return {
    ...base,
    op: weight ? `${name}${groups > 1 ? 'DepthWise' : ''}` : base.op,
    in: [input],
    out: [output],
    groups,
    kernel: intsAttribute(node, 'kernel_shape') ?? weight ?? input.slice(1),
    ...steps(node),
  };
}

function steps(node: Node): Pick<NcnnLayer, 'stride' | 'dilation'> {
  return { stride: intsAttribute(node, 'strides'), dilation: intsAttribute(node, 'dilations') };
}

/** Channels first; the maps of a batch lie one below the other. */
function mapOf(shape: readonly number[] | undefined): readonly number[] | undefined {
  if (!shape || shape.length < 3) return undefined;
  const [batch, channels, height, ...rest] = shape;
  return [channels, batch * height, ...rest];
}

/** The rows of a product are all that its left side has but the last dimension. */
function productLayer(base: NcnnLayer, { inputs, outputs }: Operator, graph: RunGraph): NcnnLayer {
  const [right, output] = [graph.shape(inputs[1]), graph.shape(outputs[0])];
  if (!right || !output || base.macs === 0) return base;
  const elements = output.reduce((product, size) => product * size, 1);
  const columns = output.at(-1) ?? 1;
  const rows = columns > 0 ? elements / columns : 0;
  const depth = elements > 0 ? base.macs / elements : 0;
  const constant = graph.isConstant(inputs[1]);
  return {
    ...base,
    op: constant && rows === 1 ? 'InnerProduct' : 'Gemm',
    in: [[rows, depth], ...(constant ? [] : [right])],
    out: [[rows, columns]],
    // A vector times a matrix costs what reading the matrix costs, wherever it comes from.
    weights: constant || rows > 1 ? base.weights : graph.elements(inputs[1]),
  };
}

/** Names of ncnn's layers by ONNX's operators; what is missing keeps its name. */
const names = new Map(
  Object.entries({
    ReLU: ['Relu', 'LeakyRelu', 'ThresholdedRelu'],
    PReLU: ['PRelu'],
    BatchNorm: ['BatchNormalization'],
    BinaryOp: [
      ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Mod', 'And', 'Or', 'Xor', 'Where'],
      ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Not'],
    ],
    Eltwise: ['Sum', 'Mean'],
    UnaryOp: [
      ...['Abs', 'Neg', 'Floor', 'Ceil', 'Round', 'Sqrt', 'Exp', 'Log', 'Sin', 'Cos', 'Tan'],
      ...['Reciprocal', 'Sign'],
    ],
    TanH: ['Tanh'],
    Swish: ['QuickGelu'],
    GELU: ['Gelu', 'FastGelu'],
    ELU: ['Elu', 'Celu'],
    SELU: ['Selu'],
    Softplus: ['Softplus', 'Softsign'],
    LayerNorm: ['LayerNormalization'],
    GroupNorm: ['GroupNormalization'],
    InstanceNorm: ['InstanceNormalization', 'MeanVarianceNormalization'],
    RMSNorm: ['RMSNormalization', 'SimplifiedLayerNormalization'],
    Normalize: ['LpNormalization'],
    Pooling: [
      ...['MaxPool', 'AveragePool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool'],
      ...['GlobalLpPool'],
    ],
    Reduction: [
      ...['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1'],
      ...['ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp', 'ArgMax', 'ArgMin'],
    ],
    Crop: ['Slice', 'Gather'],
    Slice: ['Split'],
    Permute: ['Transpose'],
    Interp: ['Resize', 'Upsample'],
    Padding: ['Pad'],
    Tile: ['Tile', 'Expand'],
    PixelShuffle: ['DepthToSpace', 'SpaceToDepth'],
    ExpandDims: ['Unsqueeze'],
    MultiHeadAttention: ['Attention'],
  }).flatMap(([layer, operators]) => operators.map((operator) => [operator, layer] as const)),
);
