/** From what is left of the graph to kernels with their sizes. */

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import type { Kernel, KernelSize, Window } from '../../kernel';
import { classOf } from './classes';
import { loopsOf } from './loops';
import type { Operator, RunGraph } from './run-graph';

export function kernelOf(operator: Operator, graph: RunGraph): Kernel {
  const { type, nodes } = operator;
  const size = sizeOf(operator, graph);
  return { class: classOf(operator, size.window, graph), op: type, nodes, size };
}

function sizeOf(operator: Operator, graph: RunGraph): KernelSize {
  const { inputs, outputs, addend, bytes } = operator;
  const given = [...new Set([...inputs, ...(addend ? [addend] : [])])].filter(Boolean);
  const sum = (names: readonly string[]) =>
    names.reduce((total, name) => total + graph.elements(name), 0);
  const window = windowOf(operator, graph);
  const loops = window && loopsOf(operator, window, graph);
  return {
    macs: operator.nodes.reduce((total, node) => total + graph.workload.macs(node), 0),
    inputs: sum(given.filter((name) => !graph.isConstant(name))),
    outputs: sum(outputs.filter(Boolean)),
    weights: sum(given.filter((name) => graph.isConstant(name))),
    ...(window && { window }),
    ...(loops && { loops }),
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
