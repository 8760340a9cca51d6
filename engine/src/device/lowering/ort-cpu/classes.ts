/** The class of kernels by which the cost of an operator is known. */

import { stringAttribute } from '../../../ir/attributes';
import type { Window } from '../../kernel';
import { isDirect } from './loops';
import type { Operator, RunGraph } from './run-graph';

export function classOf(operator: Operator, window: Window | undefined, graph: RunGraph): string {
  const { type, node, layout, bytes } = operator;
  const prefix =
    layout === 'blocked' ? 'blocked-' : bytes === 1 && !type.startsWith('Q') ? 'int8-' : '';
  if (/Conv$/.test(type)) return `${prefix}${convOf(operator, window, graph)}`;
  if (/^(Fused)?Gemm$/.test(type)) return isVector(operator, graph) ? 'Gemm-vector' : 'Gemm';
  // Memory decides how long these three take.
  const name = /^(Add|Sub|Mul)$/.test(type) ? 'Binary' : type;
  const linear = node && stringAttribute(node, 'mode', '') === 'linear' ? '-linear' : '';
  return `${prefix}${name}${broadcastOf(operator, graph)}${linear}`;
}

function convOf(
  { type, node, inputs, layout }: Operator,
  window: Window | undefined,
  graph: RunGraph,
): string {
  if (!/^(Conv|FusedConv|QLinearConv)$/.test(type)) return type;
  if (!window || node?.opType !== 'Conv') return 'scale';
  const { inChannels, outChannels, groups, kernel } = window;
  const name = kernel.every((each) => each === 1) ? 'conv-pointwise' : 'conv';
  const isDepthwise = groups > 1 && groups === inChannels && outChannels === inChannels;
  if (type === 'QLinearConv') return integerConvOf(name, isDepthwise, window);
  if (isDepthwise) return 'conv-depthwise';
  if (layout === 'blocked') {
    if ((graph.shape(inputs[0])?.[1] ?? 0) < graph.block) return `${name}-stem`;
    return groups > 1 ? 'conv-grouped' : name;
  }
  return groups > 1 ? 'conv' : name;
}

/** Whole vectors of a depthwise convolution's channels are read where they lie, too. */
function integerConvOf(name: string, isDepthwise: boolean, window: Window): string {
  const inPlace = isDepthwise ? window.inChannels % 16 === 0 : isDirect(window);
  return `int8-${isDepthwise ? 'conv-depthwise' : name}${inPlace ? '' : '-gathered'}`;
}

/** A product with one row reads each weight once, and memory decides; others are computed in tiles. */
function isVector({ outputs }: Operator, graph: RunGraph): boolean {
  const shape = graph.shape(outputs[0]);
  return !!shape && graph.elements(outputs[0]) === shape.at(-1);
}

/** How operands of different sizes are brought together, which decides how fast it goes. */
function broadcastOf({ type, inputs, outputs }: Operator, graph: RunGraph): string {
  if (!/^(Add|Sub|Mul|Div)$/.test(type)) return '';
  const whole = graph.elements(outputs[0]);
  const least = Math.min(...inputs.map((name) => graph.elements(name)));
  if (least === whole) return '';
  return least === 1 ? '-scalar' : '-broadcast';
}
