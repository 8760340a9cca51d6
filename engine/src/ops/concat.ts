/** Concat: joins values along one axis. */

import { intAttribute } from '../ir/attributes';
import { addDims, type Dim } from '../ir/dim';
import { concatenation } from './channel-rules/joining';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op, ValueType } from './op';
import { axisOf, noCost } from './rules';

export const concat: Op = {
  type: 'Concat',
  shape: ({ node, inputs }) => {
    const dtype = inputs[0]?.dtype;
    const shapes = inputs.map((input) => input?.shape);
    const rank = shapes.find((shape) => shape)?.length;
    if (rank === undefined || !shapes.every((shape) => shape)) return [{ dtype }];
    const axis = axisOf(intAttribute(node, 'axis', 1), rank);
    if (axis === undefined || shapes.some((shape) => shape?.length !== rank)) {
      throw new RangeError('its inputs differ in rank, or its axis lies outside of it.');
    }
    const shape = shapes[0]!.map((_, i) => joined(shapes as Dim[][], i, i === axis));
    return [{ dtype, shape, content: joinContents(inputs, axis, shape, dtype) }];
  },
  cost: noCost,
  channels: concatenation(),
};

/** Off the axis all sizes are equal: a number says more than a symbol. */
function joined(shapes: readonly (readonly Dim[])[], axis: number, along: boolean): Dim {
  const sizes = shapes.map((shape) => shape[axis]);
  if (along) return addDims(...sizes);
  return sizes.find((size) => typeof size === 'number') ?? sizes[0];
}

function joinContents(
  inputs: readonly (ValueType | undefined)[],
  axis: number,
  shape: readonly Dim[],
  dtype: ValueType['dtype'],
): readonly Dim[] | undefined {
  const parts: { content: readonly Dim[]; shape: readonly number[] }[] = [];
  if (!concrete(shape)) return undefined;
  for (const input of inputs) {
    const [content, dims] = [input?.content, concrete(input?.shape)];
    if (!content || !dims) return undefined;
    parts.push({ content, shape: dims });
  }
  return contentByIndex(dtype, shape, (index) => {
    let position = index[axis];
    const part = parts.find((each) => {
      if (position < each.shape[axis]) return true;
      position -= each.shape[axis];
      return false;
    })!;
    const inner = index.map((value, i) => (i === axis ? position : value));
    return part.content[offsetOf(inner, part.shape)];
  });
}
