/** Split: parts as an attribute before version 13, as an input since, or equal ones. */

import { intAttribute, intsAttribute } from '../ir/attributes';
import { ceilDivide, multiplyDims, subtractDims, type Dim } from '../ir/dim';
import { splitting } from './channel-rules/joining';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op, ShapeContext } from './op';
import { axisOf, integersOf, noCost, withDim } from './rules';

export const split: Op = {
  type: 'Split',
  shape: (context) => {
    const { node, inputs } = context;
    const [input] = inputs;
    const dtype = input?.dtype;
    const shape = input?.shape;
    const axis = shape && axisOf(intAttribute(node, 'axis', 0), shape.length);
    if (!shape || axis === undefined) return node.output.map(() => ({ dtype }));
    const sizes = partsOf(context, shape[axis]);
    const dims = concrete(shape);
    let start = 0;
    return sizes.map((size) => {
      const from = start;
      start += Number(size);
      const part = withDim(shape, axis, size);
      const { content } = input;
      if (!content || !dims) return { dtype, shape: part };
      const at = (index: readonly number[]) =>
        content[
          offsetOf(
            index.map((i, d) => (d === axis ? i + from : i)),
            dims,
          )
        ];
      return { dtype, shape: part, content: contentByIndex(dtype, part, at) };
    });
  },
  cost: noCost,
  channels: splitting,
};

function partsOf(context: ShapeContext, size: Dim): readonly Dim[] {
  const { node, fresh } = context;
  const given =
    intsAttribute(node, 'split') ?? (node.input[1] ? integersOf(context, 1) : undefined);
  if (given) return given;
  if (node.input[1]) return node.output.map(() => fresh('split'));
  const count = intAttribute(node, 'num_outputs') ?? node.output.length;
  // All parts are equal but the last, which takes what is left.
  const part = ceilDivide(size, count);
  const last = subtractDims(size, multiplyDims(part, count - 1));
  return node.output.map((_, i) => (i === count - 1 ? last : part));
}
