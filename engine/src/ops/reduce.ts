/** Reductions: axes as an attribute, as an input since version 18 (ReduceSum: 13). */

import { intAttribute, intsAttribute } from '../ir/attributes';
import { addDims, maxDims, minDims, multiplyDims, type Dim } from '../ir/dim';
import { reduction } from './channel-rules/spatial';
import { concrete } from './content';
import type { Op, ShapeContext, ValueType } from './op';
import { axisOf, inputCost, integersOf, like } from './rules';

/** What a reduction of a whole content gives, where shapes are computed so. */
const contentRules: Readonly<Record<string, ((...values: Dim[]) => Dim) | undefined>> = {
  ReduceSum: addDims,
  ReduceProd: multiplyDims,
  ReduceMax: (...values) => values.reduce(maxDims),
  ReduceMin: (...values) => values.reduce(minDims),
  ReduceMean: undefined,
  ReduceL1: undefined,
  ReduceL2: undefined,
  ReduceLogSum: undefined,
  ReduceLogSumExp: undefined,
  ReduceSumSquare: undefined,
};

/** Reductions that a missing channel leaves as if it were zero. */
const sums = new Set(['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSum']);

export const reduce: readonly Op[] = Object.entries(contentRules).map(([type, rule]) => ({
  type,
  shape: (context) => {
    const [input] = context.inputs;
    const reduced = reducedShape(context);
    const all = reduced && input?.shape?.length === 1 && input.content?.length;
    const content = all && rule ? [rule(...input!.content!)] : undefined;
    return [{ dtype: input?.dtype, shape: reduced, content }];
  },
  cost: inputCost,
  channels: reduction(sums.has(type) ? 'sum' : 'statistic'),
}));

function reducedShape(context: ShapeContext): ValueType['shape'] {
  const { node, inputs, fresh } = context;
  const shape = like(inputs[0]).shape;
  if (!shape) return undefined;
  const keep = intAttribute(node, 'keepdims', 1) !== 0;
  const axes = axesOf(context);
  if (axes === 'unknown') return keep ? shape.map(() => fresh('reduced')) : undefined;
  if (axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) !== 0) return shape;
  const wanted = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return shape.flatMap((dim, axis) => {
    const gone = wanted.size === 0 || wanted.has(axis);
    return gone ? (keep ? [1] : []) : [dim];
  });
}

function axesOf(context: ShapeContext): readonly number[] | 'unknown' {
  const attribute = intsAttribute(context.node, 'axes');
  if (attribute) return attribute;
  if (!context.node.input[1]) return [];
  return concrete(integersOf(context, 1)) ?? 'unknown';
}
