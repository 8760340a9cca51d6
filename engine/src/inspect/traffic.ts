/** The bytes that running a node moves between memory and the processor. */

import { byteSize, dataTypeNamed } from '../ir/data-type';
import type { Graph, Node } from '../ir/model';
import type { Resolve } from '../ops/cost';
import type { TypeTable } from '../ops/infer';

export interface Traffic {
  /** Bytes of the inputs, weights included; each value once. */
  readonly read: number;
  /** Bytes of the outputs. */
  readonly written: number;
}

/** Counts each input and output once, as if nothing were cached; unknown types count as nothing. */
export function trafficOf(node: Node, graph: Graph, types: TypeTable, resolve: Resolve): Traffic {
  const bytes = (names: readonly string[]) =>
    [...new Set(names)].reduce((sum, name) => {
      return sum + (name ? (bytesOfValue(name, graph, types, resolve) ?? 0) : 0);
    }, 0);
  return { read: bytes(node.input), written: bytes(node.output) };
}

/** Bytes of a value; undefined where its type is unknown, 0 for sequences and strings. */
export function bytesOfValue(
  value: string,
  graph: Graph,
  types: TypeTable,
  resolve: Resolve,
): number | undefined {
  const type = types.type(value, graph);
  if (type?.elements) return 0;
  if (!type?.shape || !type.dtype) return undefined;
  const count = type.shape.reduce<number>((product, dim) => product * resolve(dim), 1);
  return byteSize(dataTypeNamed(type.dtype), count);
}
