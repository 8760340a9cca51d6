/** Nodes that give their input as it is, and are passed by. */

import {
  floatsAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { elementCount, elements, numbers } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { integerList } from '../integers';
import { atEachNode, type Rewrite } from '../rewrite';
import { sameShape } from '../shapes';

export const noOps: Rewrite = {
  id: 'no-ops',
  title: 'Nodes that do nothing',
  doc: 'Removes Identity, Dropout at inference, casts to the same type, and reshapes, transpositions, pads, slices, expansions, concatenations, resizes and poolings that change nothing.',
  apply: atEachNode((node, graph) => {
    const isNoOp = rules[graph.op(node) ?? ''];
    const [input] = node.input;
    if (!isNoOp || !input || node.output.slice(1).some((name) => name && graph.isUsed(name))) {
      return false;
    }
    if (!isNoOp(node, graph) || !graph.replace(node.output[0], input)) return false;
    graph.remove(node);
    return true;
  }),
};

type Rule = (node: Node, graph: GraphEditor) => boolean;

/** The shape stays and so does the order of the elements: nothing else is left to change. */
const keepsShape: Rule = (node, graph) => sameShape(graph, node.input[0], node.output[0]);

const isAlone: Rule = (node) => node.input.length === 1;

const castsToSame: Rule = ({ input, output }, graph) => {
  const from = graph.type(input[0])?.dtype;
  return from !== undefined && from === graph.type(output[0])?.dtype;
};

const rules: Readonly<Record<string, Rule>> = {
  Identity: () => true,
  Dropout: (node, graph) => isInference(node, graph),
  Cast: castsToSame,
  CastLike: castsToSame,
  Reshape: keepsShape,
  Flatten: keepsShape,
  Squeeze: keepsShape,
  Unsqueeze: keepsShape,
  Expand: keepsShape,
  Tile: keepsShape,
  Transpose: ({ attribute }) => {
    const perm = attribute.find(({ name }) => name === 'perm')?.ints.map(Number);
    return perm !== undefined && perm.every((axis, i) => axis === i);
  },
  Slice: (node, graph) => keepsShape(node, graph) && goesForward(node, graph),
  Pad: (node, graph) => {
    const pads = integerList(graph, node, 'pads', 1, 11);
    return pads !== undefined && pads.every((width) => width === 0);
  },
  Concat: isAlone,
  Sum: isAlone,
  Mean: isAlone,
  Max: isAlone,
  Min: isAlone,
  Split: ({ output }) => output.length === 1,
  Resize: scalesByOne,
  Upsample: scalesByOne,
  MaxPool: takesPoints,
  AveragePool: takesPoints,
  GlobalAveragePool: keepsShape,
  GlobalMaxPool: keepsShape,
  DepthToSpace: (node) => intAttribute(node, 'blocksize') === 1,
  SpaceToDepth: (node) => intAttribute(node, 'blocksize') === 1,
};

/** Before version 7 an attribute said so, since version 12 an input may say the contrary. */
function isInference(node: Node, graph: GraphEditor): boolean {
  const { opset } = graph.model;
  if (opset < 7) return intAttribute(node, 'is_test', 0) === 1;
  if (opset < 12 || !node.input[2]) return true;
  const training = graph.constant(node.input[2]);
  return training !== undefined && Number(elements(training)[0]) === 0;
}

function goesForward(node: Node, graph: GraphEditor): boolean {
  if (graph.model.opset < 10 || !node.input[4]) return true;
  const steps = integerList(graph, node, 'steps', 4, 10);
  return steps !== undefined && steps.every((step) => step === 1);
}

/** Scales of exactly one: a size that stays may also come from rounding. */
function scalesByOne(node: Node, graph: GraphEditor): boolean {
  if (stringAttribute(node, 'coordinate_transformation_mode') === 'tf_crop_and_resize')
    return false;
  const scales =
    floatsAttribute(node, 'scales') ??
    (graph.op(node) === 'Upsample' || graph.model.opset === 10
      ? smallConstant(graph, node.input[1])
      : smallConstant(graph, node.input[2]));
  return scales !== undefined && scales.length > 0 && scales.every((scale) => scale === 1);
}

function smallConstant(graph: GraphEditor, value: string | undefined): number[] | undefined {
  const tensor = graph.constant(value);
  return tensor && elementCount(tensor) <= 16 ? numbers(tensor) : undefined;
}

/** A window of one element that moves by one. */
function takesPoints(node: Node): boolean {
  const all = (name: string, wanted: number): boolean =>
    (intsAttribute(node, name) ?? []).every((value) => value === wanted);
  return intsAttribute(node, 'kernel_shape') !== undefined
    ? all('kernel_shape', 1) && all('strides', 1) && all('pads', 0)
    : false;
}
