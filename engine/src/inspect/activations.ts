/** The memory that a model's intermediate values need at once. */

import { capturedValues } from '../ir/graph-index';
import type { Graph, Node } from '../ir/model';
import { topologicalOrder } from '../ir/traverse';
import type { Resolve } from '../ops/cost';
import type { TypeTable } from '../ops/infer';
import { bytesOfValue } from './traffic';

/** Operators whose output is the input's memory under another shape. */
const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/**
 * The largest sum of the sizes of the values alive at one node, in bytes, when the nodes run one
 * after another and each value is freed after its last use. Constants are not counted. Null where
 * the type of a value is not known.
 */
export function peakActivationBytes(
  graph: Graph,
  types: TypeTable,
  isConstant: (value: string) => boolean,
  resolve: Resolve,
): number | null {
  const { order } = topologicalOrder(graph);
  const buffers = new Map<string, string>();
  const bufferOf = (value: string) => buffers.get(value) ?? value;
  for (const node of order) {
    if (views.has(node.opType ?? '')) buffers.set(node.output[0], bufferOf(node.input[0]));
  }
  const inputs = graph.input.map((info) => info.name ?? '').filter((name) => !isConstant(name));
  const lastUses = lastUsesOf(graph, order, bufferOf);
  const sizes = new Map<string, number>();
  let alive = 0;
  const allocate = (value: string): boolean => {
    if (!value || bufferOf(value) !== value || sizes.has(value) || isConstant(value)) return true;
    const bytes = bytesOfValue(value, graph, types, resolve);
    if (bytes === undefined) return false;
    sizes.set(value, bytes);
    alive += bytes;
    return true;
  };
  if (!inputs.every(allocate)) return null;
  let peak = alive;
  for (const [step, node] of order.entries()) {
    if (!node.output.every(allocate)) return null;
    peak = Math.max(peak, alive);
    for (const value of lastUses.get(step) ?? []) {
      alive -= sizes.get(value) ?? 0;
      sizes.set(value, 0);
    }
  }
  return peak;
}

/** The buffers that are free after each step; those of the graph's outputs never are. */
function lastUsesOf(
  graph: Graph,
  order: readonly Node[],
  bufferOf: (value: string) => string,
): Map<number, string[]> {
  const last = new Map<string, number>();
  order.forEach((node, step) => {
    for (const value of [...node.input, ...node.output, ...capturedValues(node)]) {
      last.set(bufferOf(value), step);
    }
  });
  for (const info of graph.output) last.delete(bufferOf(info.name ?? ''));
  const freed = new Map<number, string[]>();
  for (const [value, step] of last) {
    const list = freed.get(step);
    if (list) list.push(value);
    else freed.set(step, [value]);
  }
  return freed;
}
