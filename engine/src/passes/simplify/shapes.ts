/** Questions about shapes that rewrites share. */

import { multiplyDims, type Dim } from '../../ir/dim';
import type { GraphEditor } from './graph-editor';

/** True where both shapes are known and equal, symbol by symbol. */
export function sameShape(graph: GraphEditor, a: string, b: string): boolean {
  return equalDims(graph.shape(a), graph.shape(b));
}

export function equalDims(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  return a !== undefined && a.length === b?.length && a.every((dim, axis) => dim === b[axis]);
}

/**
 * What a Reshape has to be told so that it makes `to` of `from` at every size: 0 for what stays in its
 * place, sizes, and -1 once for another symbol. Undefined where that does not say it.
 */
export function reshapeTarget(
  from: readonly Dim[] | undefined,
  to: readonly Dim[] | undefined,
): number[] | undefined {
  // A size of zero would be read as "copy", and nothing can be divided by it.
  if (!from || !to || to.includes(0)) return undefined;
  if (multiplyDims(...from) !== multiplyDims(...to)) return undefined;
  const target = to.map((dim, axis) =>
    dim === from[axis] ? 0 : typeof dim === 'number' ? dim : -1,
  );
  return target.filter((dim) => dim === -1).length <= 1 ? target : undefined;
}
