/** Resize and its forerunner Upsample: sizes from scales or given, on all or some axes. */

import { floatsAttribute, intsAttribute, stringAttribute } from '../ir/attributes';
import { floorDivide, multiplyDims, type Dim } from '../ir/dim';
import { resizing } from './channel-rules/spatial';
import { concrete } from './content';
import type { Op, ShapeContext } from './op';
import { axisOf, elementwiseCost, integersOf } from './rules';

export const resize: Op = {
  type: 'Resize',
  shape: (context) => {
    const { node, opset, inputs, fresh } = context;
    const dtype = inputs[0]?.dtype;
    const shape = inputs[0]?.shape;
    if (!shape) return [{ dtype }];
    const axes = (intsAttribute(node, 'axes') ?? [...shape.keys()]).map(
      (axis) => axisOf(axis, shape.length) ?? -1,
    );
    const sizes = opset >= 11 && isGiven(context, 3) ? integersOf(context, 3) : undefined;
    if (sizes) return [{ dtype, shape: resized(context, shape, axes, sizes) }];
    const scalesInput = opset < 11 ? 1 : 2;
    const scales = isGiven(context, scalesInput) && concrete(integersOf(context, scalesInput));
    if (!scales) return [{ dtype, shape: shape.map(() => fresh('resize')) }];
    return [{ dtype, shape: scaleAxes(shape, axes, scales, fresh) }];
  },
  cost: elementwiseCost,
  channels: resizing(3),
};

export const upsample: Op = {
  type: 'Upsample',
  shape: (context) => {
    const { node, opset, inputs, fresh } = context;
    const dtype = inputs[0]?.dtype;
    const shape = inputs[0]?.shape;
    if (!shape) return [{ dtype }];
    const scales = opset < 9 ? floatsAttribute(node, 'scales') : concrete(integersOf(context, 1));
    if (!scales) return [{ dtype, shape: shape.map(() => fresh('resize')) }];
    return [{ dtype, shape: scaleAxes(shape, [...shape.keys()], scales, fresh) }];
  },
  cost: elementwiseCost,
  channels: resizing(),
};

/** An omitted input may also be spelled as an empty tensor. */
function isGiven({ node, inputs }: ShapeContext, input: number): boolean {
  return Boolean(node.input[input]) && inputs[input]?.shape?.[0] !== 0;
}

function scaleAxes(
  shape: readonly Dim[],
  axes: readonly number[],
  scales: readonly number[],
  fresh: (hint: string) => Dim,
): readonly Dim[] {
  return shape.map((dim, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? dim : scaled(dim, scales[at], fresh);
  });
}

/** ⌊size · scale⌋ in single precision, as ONNX Runtime computes it. */
function scaled(dim: Dim, scale: number, fresh: (hint: string) => Dim): Dim {
  if (typeof dim === 'number') return Math.floor(Math.fround(Math.fround(scale) * dim));
  // Scales such as 1.5 are fractions of a power of two, for which single precision is exact.
  const denominator = [1, 2, 4, 8, 16].find((each) => Number.isInteger(scale * each));
  if (!denominator) return fresh('resize');
  return floorDivide(multiplyDims(dim, scale * denominator), denominator);
}

/** Given sizes, which `keep_aspect_ratio_policy` may turn into bounds. */
function resized(
  { node, fresh }: ShapeContext,
  shape: readonly Dim[],
  axes: readonly number[],
  sizes: readonly Dim[],
): readonly Dim[] {
  const policy = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  const exact = shape.map((dim, axis) => sizes[axes.indexOf(axis)] ?? dim);
  if (policy === 'stretch') return exact;
  const before = concrete(axes.map((axis) => shape[axis]));
  const wanted = concrete(sizes);
  if (!before || !wanted)
    return shape.map((dim, axis) => (axes.includes(axis) ? fresh('resize') : dim));
  const ratios = wanted.map((size, i) => Math.fround(size / before[i]));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return shape.map((dim, axis) =>
    axes.includes(axis) ? Math.round(Math.fround(scale * Number(dim))) : dim,
  );
}
