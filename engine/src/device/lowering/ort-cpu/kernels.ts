/** From what is left of the graph to kernels: the class by which their cost is known, and their sizes. */

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import type { Kernel, KernelSize, Window } from '../../kernel';
import type { Operator, RunGraph } from './run-graph';

export function kernelOf(operator: Operator, graph: RunGraph): Kernel {
  const { type, nodes } = operator;
  const size = sizeOf(operator, graph);
  return { class: classOf(operator, size, graph), op: type, nodes, size };
}

function sizeOf(operator: Operator, graph: RunGraph): KernelSize {
  const { inputs, outputs, addend, bytes } = operator;
  const given = [...new Set([...inputs, ...(addend ? [addend] : [])])].filter(Boolean);
  const sum = (names: readonly string[]) =>
    names.reduce((total, name) => total + graph.elements(name), 0);
  const window = windowOf(operator, graph);
  return {
    macs: operator.nodes.reduce((total, node) => total + graph.workload.macs(node), 0),
    inputs: sum(given.filter((name) => !graph.isConstant(name))),
    outputs: sum(outputs.filter(Boolean)),
    weights: sum(given.filter((name) => graph.isConstant(name))),
    ...(window && { window }),
    ...secondPass(operator, sum(outputs.filter(Boolean))),
    ...(bytes !== undefined && { activationBytes: bytes, weightBytes: 1 }),
  };
}

/**
 * Rectifying is part of a convolution's loops; other activations go over its results again, some by
 * comparisons alone, some by curves.
 */
function secondPass({ nodes }: Operator, outputs: number): Partial<KernelSize> {
  const types = nodes.slice(1).map(({ opType = '' }) => opType);
  if (types.some((type) => /Sigmoid|Tanh|Swish|Mul|Gelu/.test(type))) return { curved: outputs };
  return types.some((type) => /Clip|LeakyRelu/.test(type)) ? { activated: outputs } : {};
}

/** With the channels that are computed, which in the blocked layout are whole blocks. */
function windowOf(
  { node, inputs, outputs, layout }: Operator,
  graph: RunGraph,
): Window | undefined {
  const type = node?.opType ?? '';
  if (!node || !/Conv|Pool/.test(type)) return undefined;
  const [input, output] = [graph.shape(inputs[0]), graph.shape(outputs[0])];
  if (!input || !output || output.length < 3) return undefined;
  const at = layout === 'last' ? output.length - 1 : 1;
  const map = output.filter((_, i) => i !== 0 && i !== at);
  const weight = /Conv/.test(type) ? graph.workload.shape(node.input[1])?.slice(2) : undefined;
  const whole = input.filter((_, i) => i !== 0 && i !== at);
  return {
    inChannels: input[at],
    outChannels: output[at],
    groups: groupsOf(node, input[at], graph),
    kernel: intsAttribute(node, 'kernel_shape') ?? weight ?? whole,
    stride: intsAttribute(node, 'strides') ?? map.map(() => 1),
    map,
  };
}

/** Of a depthwise convolution as many as it computes channels, whole blocks of them too. */
function groupsOf(node: Node, channels: number, { workload }: RunGraph): number {
  if (!/Conv/.test(node.opType ?? '')) return 1;
  const groups = intAttribute(node, 'group', 1);
  const isDepthwise = groups > 1 && workload.shape(node.input[0])?.[1] === groups;
  return isDepthwise ? channels : groups;
}

function classOf(operator: Operator, size: KernelSize, graph: RunGraph): string {
  const { type, layout, bytes } = operator;
  const prefix =
    layout === 'blocked' ? 'blocked-' : bytes === 1 && !type.startsWith('Q') ? 'int8-' : '';
  if (/Conv$/.test(type)) return `${prefix}${convOf(operator, size, graph)}`;
  return `${prefix}${type}${broadcastOf(operator, graph)}`;
}

function convOf(
  { type, node, inputs, layout }: Operator,
  { window }: KernelSize,
  graph: RunGraph,
): string {
  if (!/^(Conv|FusedConv|QLinearConv)$/.test(type)) return type;
  const prefix = type === 'QLinearConv' ? 'int8-' : '';
  if (!window || node?.opType !== 'Conv') return `${prefix}scale`;
  const pointwise = window.kernel.every((each) => each === 1);
  if (layout === 'blocked' && (graph.shape(inputs[0])?.[1] ?? 0) < graph.block) {
    return pointwise ? 'conv-pointwise-stem' : 'conv-stem';
  }
  if (window.groups > 1) {
    if (window.groups === window.inChannels && window.outChannels !== window.inChannels) {
      return `${prefix}conv-multiplied`;
    }
    return window.groups === window.inChannels
      ? `${prefix}conv-depthwise`
      : `${prefix}conv-grouped`;
  }
  return `${prefix}${pointwise ? 'conv-pointwise' : 'conv'}`;
}

/** How operands of different sizes are brought together, which decides how fast it goes. */
function broadcastOf({ type, inputs, outputs }: Operator, graph: RunGraph): string {
  if (!/^(Add|Sub|Mul|Div)$/.test(type)) return '';
  const whole = graph.elements(outputs[0]);
  const least = Math.min(...inputs.map((name) => graph.elements(name)));
  if (least === whole) return '';
  return least === 1 ? '-scalar' : '-broadcast';
}
