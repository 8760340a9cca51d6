/** Lets a layer take over the scale and shift in front of it, through its weights. */

import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import type { Node, Tensor } from '../../ir/model';
import { dimsOf, tensorBytes, withElements } from '../../ir/tensor';
import { affineOf, floatsOf, isFoldable, type Affine, type ChannelAxis } from './affine';
import type { GraphEditor } from './graph-editor';
import { linearLayer, setBias, storeConstant } from './linear';
import { sameShape } from './shapes';

/**
 * Folds the node before a layer into the layer; false where that is not exact or would grow.
 *
 * @param accepts which operators may go.
 */
export function foldIntoNext(
  graph: GraphEditor,
  node: Node,
  limit: number,
  accepts: (op: string) => boolean,
): boolean {
  const inputs = inputChannels(graph, node);
  if (!inputs || !linearLayer(graph, node)) return false;
  const isShared = !graph.ownsConstant(node, node.input[1]);
  if (isShared && tensorBytes(inputs.weight) > limit) return false;
  const before = graph.producer(node.input[0]);
  if (!before || !accepts(graph.op(before) ?? '') || graph.soleUser(node.input[0]) !== node) {
    return false;
  }
  const step = affineStep(graph, before, inputs.where);
  if (!step) return false;
  if (hasShift(step.affine) && !inputs.takesShift) {
    return takeScaleFromBehind(graph, node, before, step, inputs);
  }
  takeOver(graph, node, inputs, step.affine);
  graph.setInput(node, 0, step.value);
  graph.remove(before);
  return true;
}

interface InputChannels {
  readonly weight: Tensor;
  readonly where: ChannelAxis;
  /** The input and output channel that an element of the weight connects. */
  readonly channelsOf: (element: number) => readonly [number, number];
  /** Whether a constant on all inputs is a constant on all outputs. */
  readonly takesShift: boolean;
  /** Factor of the product, next to the bias. */
  readonly alpha: number;
}

function inputChannels(graph: GraphEditor, node: Node): InputChannels | undefined {
  const weight = graph.constant(node.input[1]);
  if (!isFoldable(weight)) return undefined;
  const dims = dimsOf(weight);
  if (graph.op(node) === 'Conv') {
    const groups = intAttribute(node, 'group', 1);
    const [outputs, perGroup, ...kernel] = dims;
    const area = kernel.reduce((product, dim) => product * dim, 1);
    const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
    const isPadded = (intsAttribute(node, 'pads') ?? []).some((width) => width !== 0);
    return {
      weight,
      where: { rank: dims.length, axis: 1, channels: perGroup * groups },
      channelsOf: (element) => {
        const output = Math.floor(element / (perGroup * area));
        const group = Math.floor(output / (outputs / groups));
        return [group * perGroup + (Math.floor(element / area) % perGroup), output];
      },
      takesShift: auto === 'VALID' || (auto === 'NOTSET' && !isPadded),
      alpha: 1,
    };
  }
  if (graph.op(node) !== 'Gemm' || intAttribute(node, 'transA', 0) !== 0) return undefined;
  const [rows, columns] = dims;
  const isTransposed = intAttribute(node, 'transB', 0) !== 0;
  return {
    weight,
    where: { rank: 2, axis: 1, channels: isTransposed ? columns : rows },
    channelsOf: (element) => {
      const [row, column] = [Math.floor(element / columns), element % columns];
      return isTransposed ? [column, row] : [row, column];
    },
    takesShift: true,
    alpha: floatAttribute(node, 'alpha', 1),
  };
}

interface Step {
  readonly affine: Affine;
  /** What is scaled and shifted. */
  readonly value: string;
}

/** The node as a scale and shift of one of its inputs, which it does not widen. */
function affineStep(graph: GraphEditor, node: Node, where: ChannelAxis): Step | undefined {
  for (const value of node.input.slice(0, 2)) {
    if (!value || graph.constant(value) || !sameShape(graph, value, node.output[0])) continue;
    const affine = affineOf(graph, node, value, where);
    if (affine) return { affine, value };
  }
  return undefined;
}

function hasShift({ shift }: Affine): boolean {
  return shift.some((each) => each !== 0);
}

/** W · (s x + t) = (W s) · x + W t. */
function takeOver(graph: GraphEditor, node: Node, inputs: InputChannels, affine: Affine): void {
  const { weight, channelsOf, alpha } = inputs;
  const values = floatsOf(weight)!;
  const layer = linearLayer(graph, node)!;
  const bias = layer.bias?.slice() ?? new Float64Array(layer.where.channels);
  for (let i = 0; i < values.length; i++) {
    const [input, output] = channelsOf(i);
    bias[output] += alpha * values[i] * affine.shift[input];
    values[i] *= affine.scale[input];
  }
  storeConstant(graph, node, 1, weight, dimsOf(weight), values);
  if (!hasShift(affine)) return;
  setBias(graph, node, 2, weight, bias);
  node.attribute = node.attribute.filter(({ name }) => name !== 'beta');
}

/** s x + t = s (x + t / s): the factor goes on, the term stays in front of the padding. */
function takeScaleFromBehind(
  graph: GraphEditor,
  node: Node,
  before: Node,
  { affine, value }: Step,
  inputs: InputChannels,
): boolean {
  const scaling = graph.producer(value);
  if (graph.op(before) !== 'Add' || !scaling || graph.soleUser(value) !== before) return false;
  const step = affineStep(graph, scaling, inputs.where);
  if (!step || hasShift(step.affine) || affine.scale.some((each) => each !== 1)) return false;
  const { scale } = step.affine;
  const at = before.input.findIndex((name) => name !== value);
  const term = graph.constant(before.input[at])!;
  const terms = floatsOf(term)!;
  // A scalar stays one only where all channels have the same factor.
  if (terms.length === 1 && scale.some((each) => each !== scale[0])) return false;
  const shifted = terms.map((each, i) => each / scale[i]);
  if (!shifted.every((each) => Math.abs(each) < 1e30)) return false;
  takeOver(graph, node, inputs, step.affine);
  const made = withElements(term, dimsOf(term), shifted as unknown as number[]);
  const name = graph.addTensor({ ...made, name: graph.model.fresh(`${before.input[at]}_scaled`) });
  graph.setInput(before, at, name);
  graph.setInput(before, 1 - at, step.value);
  graph.remove(scaling);
  graph.forgetType(before.output[0]);
  return true;
}
