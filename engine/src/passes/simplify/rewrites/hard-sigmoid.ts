/**
 * The hard sigmoid clip(x + 3, 0, 6) / 6 spelled out, and the hard swish around it
 * (Howard et al., Searching for MobileNetV3, arXiv 1905.02244).
 */

import { floatAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { elementCount, elements } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { makeNode } from '../make-node';
import { atEachNode, type Rewrite } from '../rewrite';

export const hardSigmoid: Rewrite = {
  id: 'hard-sigmoid',
  title: 'Hard sigmoids',
  doc: 'Makes one HardSigmoid of the Add, Clip and Div (or Mul) that spell it, also within a hard swish.',
  apply: atEachNode((node, graph) => {
    if (graph.op(node) !== 'Clip' || graph.model.opset < 7) return false;
    const top = upperBound(graph, node);
    const sum = graph.producer(node.input[0]);
    if (top === undefined || !sum || graph.op(sum) !== 'Add') return false;
    if (graph.soleUser(node.input[0]) !== node) return false;
    const shift = scalarOperand(graph, sum);
    if (!shift) return false;
    const scaled = scaleBehind(graph, node, top);
    if (!scaled) return false;
    const attributes = { alpha: { f: 1 / top }, beta: { f: shift.value / top } };
    const made = makeNode('HardSigmoid', node.name, [shift.other], node.output, attributes);
    graph.substitute(node, made);
    graph.remove(sum);
    graph.replace(
      scaled.output[0],
      scaled.input.find((name) => !graph.constant(name))!,
    );
    graph.remove(scaled);
    return true;
  }),
};

/** The upper bound of a Clip from 0; undefined for any other Clip, and where it is no float. */
function upperBound(graph: GraphEditor, clip: Node): number | undefined {
  if (graph.type(clip.output[0])?.dtype !== 'float') return undefined;
  const isInput = graph.model.opset >= 11;
  const low = isInput ? scalar(graph, clip.input[1]) : floatAttribute(clip, 'min');
  const high = isInput ? scalar(graph, clip.input[2]) : floatAttribute(clip, 'max');
  return low === 0 && high !== undefined && high > 0 ? high : undefined;
}

/** The node that divides by `top`: the next one, or the one behind the product of a hard swish. */
function scaleBehind(graph: GraphEditor, clip: Node, top: number): Node | undefined {
  const next = graph.soleUser(clip.output[0]);
  if (!next) return undefined;
  if (dividesBy(graph, next, top)) return next;
  const isProduct = graph.op(next) === 'Mul' && !next.input.some((name) => graph.constant(name));
  const behind = isProduct ? graph.soleUser(next.output[0]) : undefined;
  return behind && dividesBy(graph, behind, top) ? behind : undefined;
}

/** Within the rounding of the quotient. */
function dividesBy(graph: GraphEditor, node: Node, top: number): boolean {
  const op = graph.op(node);
  if (op === 'Div') return scalar(graph, node.input[1]) === top;
  const factor = op === 'Mul' ? scalarOperand(graph, node)?.value : undefined;
  return factor !== undefined && Math.abs(factor * top - 1) <= 2 ** -22;
}

function scalarOperand(
  graph: GraphEditor,
  { input }: Node,
): { readonly value: number; readonly other: string } | undefined {
  const values = input.map((name) => scalar(graph, name));
  const at = values.findIndex((value) => value !== undefined);
  if (at < 0 || input.length !== 2) return undefined;
  // A list of one number would make a list of a scalar.
  const isWidened = !graph.shape(input[1 - at])?.length;
  return isWidened ? undefined : { value: values[at]!, other: input[1 - at] };
}

/** A constant of one element that cannot widen what it meets. */
function scalar(graph: GraphEditor, value: string | undefined): number | undefined {
  const tensor = graph.constant(value);
  const isScalar = tensor && tensor.dims.length <= 1 && elementCount(tensor) === 1;
  return isScalar ? Number(elements(tensor)[0]) : undefined;
}
