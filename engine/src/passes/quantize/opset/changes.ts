/**
 * What changed for operators between opsets 7 and 21 so that a node has to be spelled differently,
 * oldest first. What is not listed only learnt new types or new optional attributes.
 * Source: https://github.com/onnx/onnx/blob/main/docs/Changelog.md
 */

import {
  attribute,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  setAttribute,
  stringAttribute,
} from '../../../ir/attributes';
import type { DataTypeName } from '../../../ir/data-type';
import type { Node } from '../../../ir/model';
import { floats } from '../../../ir/tensor';
import { makeNode } from '../../simplify/make-node';
import type { ChangeContext } from './raise-opset';

export interface OpsetChange {
  readonly operators: readonly string[];
  readonly since: number;
  /** Rewrites the node, which is a copy, or gives the nodes that take its place. */
  readonly apply:
    | ((node: Node, context: ChangeContext) => void)
    | ((node: Node, context: ChangeContext) => readonly Node[]);
}

const reductions = ['Max', 'Min', 'Mean', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];

export const changes: readonly OpsetChange[] = [
  { operators: ['Scan'], since: 9, apply: (_, { refuse }) => refuse('Scan was another operator') },
  {
    operators: ['BatchNormalization'],
    since: 9,
    apply: (node, { refuse }) => {
      if (intAttribute(node, 'spatial', 1) !== 1) refuse('its statistics are not by channel');
      drop(node, 'spatial');
    },
  },
  {
    operators: ['Upsample'],
    since: 9,
    apply: (node, context) => floatsBecomeInput(node, 'scales', 1, context),
  },
  {
    operators: ['Upsample'],
    since: 10,
    apply: (node) => void (node.opType = 'Resize'),
  },
  {
    operators: ['Slice'],
    since: 10,
    apply: (node, context) => {
      integersBecomeInput(node, 'starts', 1, context);
      integersBecomeInput(node, 'ends', 2, context);
      integersBecomeInput(node, 'axes', 3, context);
    },
  },
  {
    operators: ['TopK'],
    since: 10,
    apply: (node, context) => integersBecomeInput(node, 'k', 1, context),
  },
  {
    operators: ['Dropout'],
    since: 10,
    apply: (node, { isUsed, refuse }) => {
      if (isUsed(node.output[1] ?? '')) refuse('its mask is used as numbers');
      node.output = node.output.slice(0, 1);
    },
  },
  {
    operators: ['Clip'],
    since: 11,
    apply: (node, context) => {
      scalarBecomesInput(node, 'min', 1, context);
      scalarBecomesInput(node, 'max', 2, context);
    },
  },
  {
    operators: ['Pad'],
    since: 11,
    apply: (node, context) => {
      integersBecomeInput(node, 'pads', 1, context);
      scalarBecomesInput(node, 'value', 2, context);
    },
  },
  { operators: ['Resize'], since: 11, apply: spellResize },
  {
    operators: ['Scatter'],
    since: 11,
    apply: (node) => void (node.opType = 'ScatterElements'),
  },
  {
    operators: ['Dropout'],
    since: 12,
    apply: (node, context) => scalarBecomesInput(node, 'ratio', 1, context),
  },
  {
    operators: ['Squeeze', 'Unsqueeze', 'ReduceSum'],
    since: 13,
    apply: (node, context) => integersBecomeInput(node, 'axes', 1, context),
  },
  {
    operators: ['Split'],
    since: 13,
    apply: (node, context) => integersBecomeInput(node, 'split', 1, context),
  },
  { operators: ['Softmax', 'LogSoftmax', 'Hardmax'], since: 13, apply: keepDistribution },
  {
    operators: ['BatchNormalization'],
    since: 14,
    apply: (node, { refuse }) => {
      if (node.output.filter(Boolean).length > 1) refuse('it is written for training');
    },
  },
  {
    operators: reductions.map((name) => `Reduce${name}`),
    since: 18,
    apply: (node, context) => integersBecomeInput(node, 'axes', 1, context),
  },
  {
    operators: ['Split'],
    since: 18,
    apply: (node) => {
      if (!node.input[1]) setAttribute(node, 'num_outputs', node.output.length);
    },
  },
  {
    operators: ['GridSample'],
    since: 20,
    apply: (node) => {
      const mode = stringAttribute(node, 'mode', 'bilinear');
      const names: Record<string, string> = { bilinear: 'linear', bicubic: 'cubic' };
      setAttribute(node, 'mode', names[mode] ?? mode);
    },
  },
  {
    operators: ['DFT'],
    since: 20,
    apply: (node, { add }) => {
      const axis = intAttribute(node, 'axis', 1);
      drop(node, 'axis');
      setInput(node, 2, add(`${node.output[0]}_axis`, 'int64', [], [axis]));
    },
  },
  {
    operators: ['GroupNormalization'],
    since: 21,
    apply: (_, { refuse }) => refuse('its scale became one for each channel'),
  },
];

/** Moves an attribute of one or more integers to an input; without the attribute nothing is said. */
function integersBecomeInput(node: Node, name: string, at: number, { add }: ChangeContext): void {
  const single = intAttribute(node, name);
  const given = single === undefined ? intsAttribute(node, name) : [single];
  if (!attribute(node, name) || !given) return;
  drop(node, name);
  // "To the end" is often spelled as the largest integer of 64 bits, which a number rounds up.
  const most = Number.MAX_SAFE_INTEGER;
  const values = given.map((each) => Math.min(Math.max(each, -most), most));
  setInput(node, at, add(`${node.output[0]}_${name}`, 'int64', [given.length], values));
}

function floatsBecomeInput(node: Node, name: string, at: number, { add }: ChangeContext): void {
  const given = floatsAttribute(node, name);
  if (!given) return;
  drop(node, name);
  setInput(node, at, add(`${node.output[0]}_${name}`, 'float', [given.length], given));
}

/** Moves an attribute to an input of the type of the first one. */
function scalarBecomesInput(node: Node, name: string, at: number, context: ChangeContext): void {
  const given = floatAttribute(node, name);
  if (given === undefined) return;
  drop(node, name);
  const type = (context.type(node.input[0])?.dtype ?? 'float') as DataTypeName;
  setInput(node, at, context.add(`${node.output[0]}_${name}`, type, [], [given]));
}

/** Resize learnt where it samples; the first one began at the corner and rounded down. */
function spellResize(node: Node, { add, constant, refuse }: ChangeContext): void {
  const scales = constant(node.input[1] ?? '');
  const enlarges = scales && floats(scales).every((scale) => scale >= 1);
  if (!enlarges) refuse('whether it enlarges or reduces is not known');
  const regions = add(`${node.output[0]}_regions`, 'float', [0], []);
  node.input = [node.input[0], regions, node.input[1]];
  setAttribute(node, 'coordinate_transformation_mode', 'asymmetric');
  setAttribute(node, 'nearest_mode', 'floor');
}

/** Everything from the axis on was one distribution; since opset 13 it is the axis alone. */
function keepDistribution(node: Node, context: ChangeContext): readonly Node[] {
  const axis = intAttribute(node, 'axis', 1);
  const rank = context.type(node.input[0])?.shape?.length;
  setAttribute(node, 'axis', -1);
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) return [node];
  const [input] = node.input;
  const [output] = node.output;
  const name = (part: string): string => context.fresh(`${output}_${part}`);
  const [rows, soft, shape] = [name('rows'), name('distributions'), name('shape')];
  return [
    makeNode('Flatten', name('flatten'), [input], [rows], { axis }),
    { ...node, input: [rows], output: [soft] },
    makeNode('Shape', name('shape_of'), [input], [shape]),
    makeNode('Reshape', name('reshape'), [soft, shape], [output]),
  ];
}

function setInput(node: Node, at: number, name: string): void {
  while (node.input.length < at) node.input.push('');
  node.input[at] = name;
}

function drop(node: Node, name: string): void {
  node.attribute = node.attribute.filter((each) => each.name !== name);
}
