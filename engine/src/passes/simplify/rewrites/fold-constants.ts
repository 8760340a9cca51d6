/**
 * Nodes whose inputs are all constant, computed once by the runtime. Random operators are not, nor
 * is the quantization of weights, and nothing that would make the file grow.
 */

import { byteSize, dataTypeNamed } from '../../../ir/data-type';
import { isAbort } from '../../../ir/cancellation';
import type { Node } from '../../../ir/model';
import { makeTensor, tensorBytes } from '../../../ir/tensor';
import { computeValues } from '../compute';
import type { GraphEditor } from '../graph-editor';
import type { ModelEditor } from '../model-editor';
import { isPure } from '../nondeterminism';
import type { Rewrite, RewriteContext } from '../rewrite';

export const foldConstants: Rewrite = {
  id: 'fold-constants',
  title: 'Constant folding',
  doc: 'Computes what depends on constants alone, in ONNX Runtime, all at once. Left alone are random operators, QuantizeLinear and DequantizeLinear (weights stay quantized), and results that would make the file grow by more than `fold_limit`.',
  apply: async (model, context) => {
    if (!context.runtime) return 0;
    let changes = 0;
    for (const graph of model.graphs()) changes += await foldGraph(model, graph, context);
    return changes;
  },
};

/** No intermediate result may need more memory. */
const largestValue = 2 ** 29;

async function foldGraph(
  model: ModelEditor,
  graph: GraphEditor,
  context: RewriteContext,
): Promise<number> {
  const wanted = storable(graph, computable(graph), context.foldLimit);
  if (wanted.length === 0) return 0;
  const types = new Map(wanted.map((name) => [name, graph.type(name)!]));
  let values;
  try {
    values = await computeValues(model.model, graph, wanted, context);
  } catch (error) {
    if (isAbort(error)) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    const message = `Constants were not folded, because the runtime could not compute them: ${cause}`;
    context.report({ severity: 'warning', code: 'not-folded', message });
    return 0;
  }
  let folded = 0;
  for (const [name, { type, dims, data }] of values) {
    // What comes out must be what inference promised, on which the limit was decided.
    if (types.get(name)?.dtype !== type) continue;
    const tensor = makeTensor(model.fresh(`${name}_value`), type, dims, data);
    graph.addTensor(tensor);
    if (graph.replace(name, tensor.name!)) folded++;
    else graph.removeInitializers(new Set([tensor.name!]));
  }
  return folded;
}

/** All nodes that depend on constants alone, in their order. */
function computable(graph: GraphEditor): Set<Node> {
  const nodes = new Set<Node>();
  const made = new Set<string>();
  for (const node of graph.graph.node) {
    if (!isPure(graph.op(node), node) || graph.op(node) === 'Constant') continue;
    const known = node.input.every((name) => !name || made.has(name) || isReadable(graph, name));
    const results = node.output.filter(Boolean);
    const fits = results.every((name) => (bytesOf(graph, name) ?? Infinity) <= largestValue);
    if (!known || !fits) continue;
    nodes.add(node);
    for (const name of results) made.add(name);
  }
  return nodes;
}

/**
 * The results to store, such that as many of the nodes as possible can go. A node whose result is too
 * large stays, and is looked at before those that it needs.
 */
function storable(graph: GraphEditor, nodes: Set<Node>, limit: number): string[] {
  const going = new Set(nodes);
  const stored: string[] = [];
  for (const node of [...nodes].reverse()) {
    const needed = node.output.filter(
      (name) =>
        name && (graph.isKept(name) || [...graph.users(name)].some((user) => !going.has(user))),
    );
    const bytes = needed.reduce((sum, name) => sum + bytesOf(graph, name)!, 0);
    const stays =
      needed.some((name) => graph.isKept(name)) || bytes > limit + freedBytes(graph, node, going);
    if (stays) going.delete(node);
    else stored.push(...needed);
  }
  return stored.reverse();
}

/** Types that pass between us and the runtime. */
function isReadable(graph: GraphEditor, name: string): boolean {
  const tensor = graph.constant(name);
  return tensor !== undefined && bytesOf(graph, name) !== undefined;
}

const exchanged = new Set([
  ...['float', 'double', 'float16', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32'],
  ...['int64', 'uint64', 'bool'],
]);

/** Size of a value; undefined where it is not known, or cannot be asked of the runtime. */
function bytesOf(graph: GraphEditor, name: string): number | undefined {
  const { dtype, shape } = graph.type(name) ?? {};
  if (!dtype || !exchanged.has(dtype)) return undefined;
  if (!shape?.every((dim) => typeof dim === 'number')) return undefined;
  const count = shape.reduce<number>((product, dim) => product * Number(dim), 1);
  return byteSize(dataTypeNamed(dtype), count);
}

/** Bytes of the constants that nothing needs any more once this node's results are stored. */
function freedBytes(graph: GraphEditor, node: Node, going: ReadonlySet<Node>): number {
  const cone = new Set([node]);
  const leaves = new Set<string>();
  for (const each of cone) {
    for (const name of each.input) {
      const maker = name ? graph.producer(name) : undefined;
      if (maker && going.has(maker)) cone.add(maker);
      else if (name) leaves.add(name);
    }
  }
  // A maker that others need as well is computed all the same, and its constants stay.
  return [...leaves]
    .filter((name) => [...graph.users(name)].every((user) => cone.has(user)) && !graph.isKept(name))
    .reduce((sum, name) => sum + tensorBytes(graph.constant(name)!), 0);
}
