import { intsAttribute, stringAttribute } from '../../../ir/attributes';
import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

export const foldIntoConv: OrtRule = {
  doc: 'A scale or shift for each channel behind a convolution goes into its weights, padding before it into its pads.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type === 'Pad') foldPadding(operator, graph);
      if (operator.type !== 'Conv' || !hasConstantWeights(operator, graph)) continue;
      let conv = operator;
      for (let next = affineAfter(conv, graph); next; next = affineAfter(conv, graph)) {
        const { outputs } = next;
        const nodes = [...conv.nodes, ...next.nodes];
        conv = graph.replace([conv, next], { ...conv, outputs: [outputs[0]], nodes });
      }
    }
  },
};

export function hasConstantWeights({ inputs }: Operator, graph: RunGraph): boolean {
  return inputs.slice(1).every((name) => !name || graph.isConstant(name));
}

/** What only multiplies or shifts each channel of what the convolution gives. */
function affineAfter(conv: Operator, graph: RunGraph): Operator | undefined {
  const next = graph.onlyUser(conv.outputs[0]);
  if (!next) return undefined;
  const others = next.inputs.filter((name) => name !== conv.outputs[0]);
  if (!others.every((name) => graph.isConstant(name))) return undefined;
  if (next.type === 'BatchNormalization')
    return next.inputs[0] === conv.outputs[0] ? next : undefined;
  if (next.type !== 'Mul' && next.type !== 'Add') return undefined;
  const isScalar = next.type === 'Mul' && graph.shape(others[0])?.length === 0;
  return isScalar || isPerChannel(others[0], conv, graph) ? next : undefined;
}

/** True for a constant of [C, 1, 1] or [1, C, 1, 1]. */
function isPerChannel(value: string, conv: Operator, graph: RunGraph): boolean {
  const weight = graph.shape(conv.inputs[1]);
  const shape = graph.shape(value);
  if (!weight || !shape) return false;
  const axis = shape.length - weight.length + 1;
  return (
    (axis === 0 || axis === 1) &&
    shape[axis] === weight[0] &&
    shape.every((size, i) => i === axis || size === 1)
  );
}

const padded = ['Conv', 'MaxPool', 'AveragePool'];

/** Padding with zeros, of the map only, before what pads itself. */
function foldPadding(pad: Operator, graph: RunGraph): void {
  const next = graph.onlyUser(pad.outputs[0]);
  if (!next || !padded.includes(next.type) || !next.node || !pad.node) return;
  if (stringAttribute(pad.node, 'mode', 'constant') !== 'constant') return;
  if (stringAttribute(next.node, 'auto_pad', 'NOTSET') !== 'NOTSET' || pad.inputs[3]) return;
  const pads = intsAttribute(pad.node, 'pads') ?? graph.workload.integers(pad.inputs[1]);
  const rank = graph.shape(pad.inputs[0])?.length;
  if (!pads || !rank || pads.length !== 2 * rank) return;
  if ([0, 1, rank, rank + 1].some((i) => pads[i] !== 0) || pads.some((each) => each < 0)) return;
  const inputs = [pad.inputs[0], ...next.inputs.slice(1)];
  graph.replace([pad, next], { ...next, inputs, nodes: [...next.nodes, ...pad.nodes] });
}
