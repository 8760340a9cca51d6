/** Multidirectional broadcasting (onnx/docs/Broadcasting.md) of shapes and known contents. */

import type { DataTypeName } from '../ir/data-type';
import { maxDims, type Dim } from '../ir/dim';
import { concrete, contentByIndex, offsetOf } from './content';
import type { ShapeContext, ValueType } from './op';

/**
 * The common shape; undefined where an operand's rank is unknown.
 *
 * @throws RangeError when two sizes can never be broadcast.
 */
export function broadcastShapes(
  ...shapes: readonly (readonly Dim[] | undefined)[]
): readonly Dim[] | undefined {
  if (shapes.length === 0) return undefined;
  return shapes.reduce((a, b) => {
    if (!a || !b) return undefined;
    const [long, short] = a.length >= b.length ? [a, b] : [b, a];
    const skipped = long.length - short.length;
    return long.map((dim, i) => (i < skipped ? dim : broadcastDim(dim, short[i - skipped])));
  });
}

function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number' && typeof b === 'number') {
    throw new RangeError(`sizes ${a} and ${b} cannot be broadcast.`);
  }
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : maxDims(a, b);
}

/** A rule that computes known contents; undefined where it cannot. */
export type ContentRule = (operands: readonly Dim[], integer: boolean) => Dim | undefined;

/** The type of an elementwise operator over all inputs, with its content where they are known. */
export function broadcastType(
  { inputs, constant }: ShapeContext,
  dtype: DataTypeName | undefined,
  rule?: ContentRule,
): ValueType {
  const shape = broadcastShapes(...inputs.map((input) => input?.shape));
  if (!rule || !concrete(shape)) return { dtype, shape };
  // Constants last: those beside a large value need not be read at all.
  const order = inputs.map((_, i) => i).sort((a, b) => +!!constant(a) - +!!constant(b));
  if (!order.every((i) => inputs[i]?.content)) return { dtype, shape };
  const operands = inputs.map((input) => ({
    content: input!.content!,
    shape: concrete(input!.shape)!,
  }));
  const integer = !isFloat(inputs[0]?.dtype);
  const content = contentByIndex(dtype, shape, (index) =>
    rule(
      operands.map((each) => each.content[offsetOf(index, each.shape)]),
      integer,
    ),
  );
  return { dtype, shape, content };
}

export function isFloat(dtype: DataTypeName | undefined): boolean {
  return dtype === 'float' || dtype === 'double' || dtype === 'float16' || dtype === 'bfloat16';
}
