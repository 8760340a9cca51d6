/** Reshape: 0 copies a size, -1 takes what is left. */

import { intAttribute, intsAttribute } from '../ir/attributes';
import { floorDivide, multiplyDims, type Dim } from '../ir/dim';
import { reshapingTo } from './channel-rules/reshaping';
import type { Op, ShapeContext } from './op';
import { integersOf, noCost } from './rules';

export const reshape: Op = {
  type: 'Reshape',
  shape: (context) => {
    const [input] = context.inputs;
    return [{ dtype: input?.dtype, shape: targetShape(context), content: input?.content }];
  },
  cost: noCost,
  channels: reshapingTo(1),
};

/** The shape as an attribute before version 5, as an input since. */
function targetShape(context: ShapeContext): readonly Dim[] | undefined {
  const { node, opset, inputs, fresh } = context;
  const wanted = opset < 5 ? intsAttribute(node, 'shape') : integersOf(context, 1);
  if (!wanted) {
    const rank = inputs[1]?.shape?.[0];
    return typeof rank === 'number' && rank <= 64
      ? Array.from({ length: rank }, () => fresh('reshape'))
      : undefined;
  }
  const source = inputs[0]?.shape;
  const copied = wanted.map((dim, axis) =>
    dim === 0 && intAttribute(node, 'allowzero', 0) === 0 ? source?.[axis] : dim,
  );
  if (!copied.every((dim) => dim !== undefined)) {
    return source
      ? undefined
      : wanted.map((dim) => (dim === 0 || dim === -1 ? fresh('reshape') : dim));
  }
  return copied.includes(-1) ? fillIn(copied, source, fresh) : copied;
}

function fillIn(
  dims: readonly Dim[],
  source: readonly Dim[] | undefined,
  fresh: (hint: string) => Dim,
): readonly Dim[] {
  const others = multiplyDims(...dims.filter((dim) => dim !== -1));
  const rest = source && (others === 0 ? 0 : floorDivide(multiplyDims(...source), others));
  return dims.map((dim) => (dim === -1 ? (rest ?? fresh('reshape')) : dim));
}
