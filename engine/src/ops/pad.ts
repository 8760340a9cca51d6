/** Pad: widths as an attribute before version 11, as an input since; negative ones crop. */

import { intsAttribute } from '../ir/attributes';
import { addDims, type Dim } from '../ir/dim';
import { padding } from './channel-rules/slicing';
import { concrete } from './content';
import type { Op, ShapeContext } from './op';
import { axisOf, integersOf, noCost } from './rules';

export const pad: Op = {
  type: 'Pad',
  shape: (context) => {
    const [input] = context.inputs;
    const dtype = input?.dtype;
    if (!input?.shape) return [{ dtype }];
    const widths = paddingOf(context, input.shape.length);
    if (!widths) return [{ dtype, shape: input.shape.map(() => context.fresh('pad')) }];
    const shape = input.shape.map((dim, axis) => addDims(dim, widths[axis][0], widths[axis][1]));
    return [{ dtype, shape }];
  },
  cost: noCost,
  channels: padding,
};

/** Widths before and after each axis; undefined where they are not known. */
function paddingOf(context: ShapeContext, rank: number): (readonly [Dim, Dim])[] | undefined {
  const { node, opset } = context;
  const pads =
    opset < 11
      ? (intsAttribute(node, 'pads') ?? intsAttribute(node, 'paddings'))
      : integersOf(context, 1);
  const given = node.input[3] ? concrete(integersOf(context, 3)) : [...Array(rank).keys()];
  if (!pads || !given) return undefined;
  const widths = Array.from({ length: rank }, (): readonly [Dim, Dim] => [0, 0]);
  given.forEach((each, i) => {
    const axis = axisOf(each, rank);
    if (axis === undefined) throw new RangeError(`axis ${each} lies outside of the rank.`);
    widths[axis] = [pads[i], pads[i + given.length]];
  });
  return widths;
}
