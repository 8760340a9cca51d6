/**
 * What layers of few bits read is often read by sums, too, whose errors no layer behind them mends.
 * So those layers read a copy, which is rounded once more, and the value itself keeps eight bits.
 */

import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graph-index';
import type { Model, Node } from '../../ir/model';
import { freshNames } from '../../ir/naming';
import { makeNode } from '../simplify/make-node';
import type { Placement } from '../quantize/placement';

export interface NarrowReads {
  readonly model: Model;
  /** Names of the copies. */
  readonly copies: ReadonlySet<string>;
}

/** @param isNarrow whether a layer reads fewer bits than eight. */
export function copyNarrowReads(
  model: Model,
  placement: Placement,
  isNarrow: (layer: string) => boolean,
): NarrowReads {
  const result = cloneModel(model);
  const graph = result.graph!;
  const fresh = freshNames(graph);
  const copies = new Set<string>();
  const nodes = new Map(graph.node.map((node) => [node.output[0], node]));
  for (const { values } of placement.quantizers) {
    if (!hasWideReader(model, placement, values, isNarrow)) continue;
    for (const value of values) {
      const readers = placement.layers.filter(
        ({ name, input }) => input === value && isNarrow(name),
      );
      if (readers.length === 0) continue;
      const copy = fresh(`${value}_narrow`);
      copies.add(copy);
      for (const { node } of readers) nodes.get(node.output[0])!.input[0] = copy;
      const first = Math.min(
        ...readers.map(({ node }) => graph.node.indexOf(nodes.get(node.output[0])!)),
      );
      graph.node.splice(first, 0, makeNode('Identity', fresh(`${copy}_Identity`), [value], [copy]));
    }
  }
  return { model: result, copies };
}

/** The model without the nodes that only copied; what was rounded twice stays so. */
export function withoutCopies(model: Model, copies: ReadonlySet<string>): Model {
  const graph = model.graph!;
  const sources = new Map<string, string>();
  const node = graph.node.filter(({ opType, input, output }) => {
    const isCopy = opType === 'Identity' && copies.has(output[0]);
    if (isCopy) sources.set(output[0], input[0]);
    return !isCopy;
  });
  const renamed = node.map((each): Node => ({
    ...each,
    input: each.input.map((name) => sources.get(name) ?? name),
  }));
  return { ...model, graph: { ...graph, node: renamed } };
}

/** Whether something computes on one of the values with eight bits. */
function hasWideReader(
  { graph }: Model,
  { layers, nodes }: Placement,
  values: readonly string[],
  isNarrow: (layer: string) => boolean,
): boolean {
  const index = indexGraph(graph!);
  const byNode = new Map(layers.map(({ node, name }) => [node, name]));
  return values.some((value) =>
    index.uses(value).some(({ node }) => {
      const layer = byNode.get(node);
      if (layer !== undefined) return !isNarrow(layer);
      // A node that only moves the values hands them on under the same grid.
      return nodes.has(node) && !node.output.some((output) => values.includes(output));
    }),
  );
}
