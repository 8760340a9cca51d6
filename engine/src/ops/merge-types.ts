/**
 * What is known of a value that one of several things may produce: the branches of an If, the
 * iterations of a Loop, the elements of a sequence.
 */

import type { Dim } from '../ir/dim';
import type { ValueType } from './op';

/** Makes a symbol for a dimension in which the alternatives differ. */
type Fresh = (hint: string) => Dim;

/** The most that holds for both types; a differing dimension becomes a new symbol. */
export function mergeTypes(
  a: ValueType | undefined,
  b: ValueType | undefined,
  fresh: Fresh,
): ValueType | undefined {
  if (!a || !b) return undefined;
  return {
    dtype: a.dtype === b.dtype ? a.dtype : undefined,
    shape: mergeShapes(a.shape, b.shape, fresh),
    content: sameDims(a.content, b.content) ? a.content : undefined,
    elements: a.elements && b.elements && mergeTypes(a.elements, b.elements, fresh),
  };
}

/** True where both say the same; two unknown types are the same. */
export function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.dtype === b.dtype &&
    sameDims(a.shape, b.shape) &&
    sameDims(a.content, b.content) &&
    sameType(a.elements, b.elements)
  );
}

function mergeShapes(
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
  fresh: Fresh,
): readonly Dim[] | undefined {
  if (a?.length !== b?.length) return undefined;
  return a?.map((dim, axis) => (dim === b![axis] ? dim : fresh('merged')));
}

function sameDims(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  return a?.length === b?.length && (a ?? []).every((dim, axis) => dim === b![axis]);
}
