/** Moving and combining the known elements of small values, index by index. */

import type { DataTypeName } from '../ir/data-type';
import type { Dim } from '../ir/dim';
import { contentLimit } from './known-types';

/** A shape or list as numbers; undefined where it is unknown or holds a symbol. */
export function concrete(shape: readonly Dim[] | undefined): readonly number[] | undefined {
  return shape?.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
}

/**
 * The content of a value of this type, element by element in row-major order; undefined when the
 * value is too large to follow, its shape is symbolic, or `at` knows one of its elements not.
 */
export function contentByIndex(
  dtype: DataTypeName | undefined,
  shape: readonly Dim[] | undefined,
  at: (index: readonly number[]) => Dim | undefined,
): readonly Dim[] | undefined {
  const dims = concrete(shape);
  const count = dims?.reduce((product, dim) => product * dim, 1);
  if (!dims || count === undefined || count > contentLimit(dtype)) return undefined;
  const result: Dim[] = [];
  const index = dims.map(() => 0);
  for (let i = 0; i < count; i++) {
    const element = at(index);
    if (element === undefined) return undefined;
    result.push(element);
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return result;
}

/** Position in row-major order; an axis of size 1 is broadcast, missing leading axes are ignored. */
export function offsetOf(index: readonly number[], shape: readonly number[]): number {
  const skipped = index.length - shape.length;
  return shape.reduce((offset, dim, axis) => {
    return offset * dim + (dim === 1 ? 0 : index[axis + skipped]);
  }, 0);
}
