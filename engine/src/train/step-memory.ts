/**
 * How much memory a step takes: the values that are alive at the same time, each from the node that
 * makes it to the last one that reads it, at the point where they are most. The state counts twice,
 * because the next one is made beside it.
 */

import { arrays, type DataTypeName } from '../ir/data-type';
import type { Model, Node } from '../ir/model';
import type { ValueType } from '../ops/op';

/** Operators that the runtime computes without moving anything. */
const aliases = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/** @param typeOf undefined where a value's type is not known, which then counts nothing. */
export function bytesOfStep(
  model: Model,
  typeOf: (value: string) => ValueType | undefined,
): number {
  const graph = model.graph!;
  const bytesOf = (name: string): number => {
    const { dtype = 'float', shape = [] } = typeOf(name) ?? {};
    const size = isNumeric(dtype) ? arrays[dtype].BYTES_PER_ELEMENT : 4;
    return shape.reduce<number>((product, dim) => product * Number(dim), size);
  };
  const roots = rootsOf(graph.node);
  const root = (name: string) => roots.get(name) ?? name;
  const outputs = new Set(graph.output.map(({ name = '' }) => root(name)));
  const last = new Map<string, number>();
  for (const [at, node] of graph.node.entries()) {
    for (const name of node.input) last.set(root(name), at);
  }
  const alive = new Map<string, number>();
  const fed = graph.input.reduce((sum, { name = '' }) => sum + bytesOf(name), 0);
  let [now, most] = [0, 0];
  for (const [at, node] of graph.node.entries()) {
    if (aliases.has(node.opType ?? '')) continue;
    for (const name of node.output) {
      alive.set(name, bytesOf(name));
      now += bytesOf(name);
    }
    most = Math.max(most, now);
    for (const name of new Set([...node.input.map(root), ...node.output])) {
      const isOver = (last.get(name) ?? at) <= at && !outputs.has(name);
      if (!isOver) continue;
      now -= alive.get(name) ?? 0;
      alive.delete(name);
    }
  }
  return fed + most;
}

function isNumeric(dtype: DataTypeName): dtype is keyof typeof arrays {
  return Object.hasOwn(arrays, dtype);
}

/** The values that others are only other names or shapes of. */
function rootsOf(nodes: readonly Node[]): Map<string, string> {
  const roots = new Map<string, string>();
  for (const { opType = '', input, output } of nodes) {
    if (aliases.has(opType)) roots.set(output[0], roots.get(input[0]) ?? input[0]);
  }
  return roots;
}
