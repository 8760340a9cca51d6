/** Squeeze and Unsqueeze: axes as an attribute before version 13, as an input since. */

import { intsAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import { reshaping } from './channel-rules/reshaping';
import { concrete } from './content';
import type { Op, ShapeContext } from './op';
import { axisOf, integersOf, noCost } from './rules';

export const squeeze: Op = {
  type: 'Squeeze',
  shape: (context) => {
    const [input] = context.inputs;
    const type = { dtype: input?.dtype, content: input?.content };
    const { shape } = input ?? {};
    const given = axesOf(context);
    if (!shape || given === 'unknown') return [{ dtype: input?.dtype }];
    if (given) {
      const axes = new Set(given.map((axis) => axisOf(axis, shape.length)));
      return [{ ...type, shape: shape.filter((_, axis) => !axes.has(axis)) }];
    }
    // Without axes every 1 goes; a symbol might be one, so the rank is then unknown.
    const known = shape.every((dim) => typeof dim === 'number');
    return [{ ...type, shape: known ? shape.filter((dim) => dim !== 1) : undefined }];
  },
  cost: noCost,
  channels: reshaping,
};

export const unsqueeze: Op = {
  type: 'Unsqueeze',
  shape: (context) => {
    const [input] = context.inputs;
    const given = axesOf(context);
    if (!input?.shape || !given || given === 'unknown') return [{ dtype: input?.dtype }];
    const rank = input.shape.length + given.length;
    const axes = new Set(given.map((axis) => axisOf(axis, rank)));
    const rest: Dim[] = [...input.shape];
    const shape = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!));
    return [{ dtype: input.dtype, shape, content: input.content }];
  },
  cost: noCost,
  channels: reshaping,
};

/** The axes of a node, as an attribute or as its second input; undefined where it has none. */
function axesOf(context: ShapeContext): readonly number[] | 'unknown' | undefined {
  const attribute = intsAttribute(context.node, 'axes');
  if (attribute || !context.node.input[1]) return attribute;
  return concrete(integersOf(context, 1)) ?? 'unknown';
}
