/** Which kernel of a recorded session computes which nodes of its model. */

import type { Graph, Model, Node } from '../ir/model';
import { topologicalOrder } from '../ir/traverse';
import type { Kernel } from './kernels';

export type NodeTime =
  | {
      /** Milliseconds of one run. */
      readonly ms: number;
      /** The operator that computed it, for example `QLinearConv`. */
      readonly kernel: string;
    }
  /** The first output of the node whose kernel computes it, too; null where nothing is computed. */
  | { readonly fusedInto: string | null };

/** The model with a name for each node by which it is found again in the names of kernels. */
export function withMarks(model: Model): Model {
  const graph = model.graph!;
  const node = graph.node.map((each, i) => ({ ...each, name: `@${i}@` }));
  return { ...model, graph: { ...graph, node } };
}

const mark = /@(\d+)@/g;
const blockedLayout = '_nchwc';
const quantizers = ['QuantizeLinear', 'DequantizeLinear'];
/** What the runtime inserts where one kernel's values do not suit the next one. */
const adapters = ['ReorderInput', 'ReorderOutput', 'Transpose', 'Cast'];

export interface KernelTimes {
  /** Nodes of the graph by their first output. */
  readonly nodes: ReadonlyMap<string, NodeTime>;
  /** Milliseconds of all kernels that only convert values: float and integers, memory layouts. */
  readonly conversionsMs: number;
}

/** Gives the times of kernels to nodes. */
export function kernelTimes(graph: Graph, kernels: readonly Kernel[]): KernelTimes {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node])));
  const times = new Map<Node, { ms: number; kernel: string }>();
  const fused = new Map<Node, Node>();
  let conversionsMs = 0;
  for (const { name, op, times: all } of kernels) {
    const ms = undisturbed(all);
    const [node, ...others] = name.endsWith(blockedLayout)
      ? [namedFor(name.slice(0, -blockedLayout.length), op, makers)].filter((each) => !!each)
      : [...name.matchAll(mark)].map(([, i]) => graph.node[Number(i)]);
    if (quantizers.includes(op) || (!node && adapters.includes(op))) conversionsMs += ms;
    if (!node) continue;
    times.set(node, { ms: (times.get(node)?.ms ?? 0) + ms, kernel: op });
    for (const other of others) if (other !== node) fused.set(other, node);
  }
  const hosts = hostsOf(graph, makers, times);
  const nodes = graph.node.map((node): [string, NodeTime] => {
    const fusedInto = (fused.get(node) ?? hosts.get(node))?.output[0] ?? null;
    return [node.output[0], times.get(node) ?? { fusedInto }];
  });
  return { nodes: new Map(nodes), conversionsMs };
}

/** A kernel in the blocked layout is called what the last node that it computes gives. */
function namedFor(value: string, op: string, makers: Map<string, Node>): Node | undefined {
  const last = makers.get(value);
  for (let node = last; node; node = makers.get(node.input[0])) {
    if (node.opType === op) return node;
  }
  return last;
}

/**
 * For each node the one whose kernel computes it: the last of those with a kernel that it reads from,
 * else the first that reads from it.
 */
function hostsOf(
  graph: Graph,
  makers: ReadonlyMap<string, Node>,
  times: ReadonlyMap<Node, unknown>,
): ReadonlyMap<Node, Node> {
  const { order } = topologicalOrder(graph);
  const position = new Map(order.map((node, i) => [node, i]));
  const hosts = new Map<Node, Node>();
  for (const node of order) {
    const before = node.input.flatMap((name) => hosts.get(makers.get(name)!) ?? []);
    const last = before.sort((a, b) => position.get(b)! - position.get(a)!)[0];
    const host = times.has(node) ? node : last;
    if (host) hosts.set(node, host);
  }
  for (const node of [...order].reverse()) {
    const host = hosts.get(node);
    if (!host) continue;
    for (const name of node.input) {
      const maker = makers.get(name);
      if (maker && !hosts.has(maker)) hosts.set(maker, host);
    }
  }
  return hosts;
}

/**
 * The mean of the times between the 10th and the 25th percentile: kernels are shorter than the time
 * slices of the system, so that even on a busy machine most runs are undisturbed, and a mean resolves
 * less than the microsecond that the clock counts in.
 */
export function undisturbed(times: ArrayLike<number>): number {
  const sorted = Float64Array.from(times).sort();
  const from = Math.floor(0.1 * sorted.length);
  const some = sorted.subarray(from, Math.max(from + 1, Math.ceil(0.25 * sorted.length)));
  return some.reduce((sum, each) => sum + each, 0) / some.length;
}
