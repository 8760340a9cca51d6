/**
 * The sizes that values and attributes have when channel groups lose some of their units, without
 * cutting: the extent of every axis is linear in how many units each group keeps.
 */

import { cloneNode } from '../ir/clone';
import type { Node } from '../ir/model';
import type { AxisLabels, Labels } from '../ops/channel-rule';
import type { Resolve } from '../ops/cost';
import type { ValueType } from '../ops/op';
import type { ChannelAnalysis } from './analyze';
import type { Site } from './sites';

/** The number of indices on an axis: `fixed`, and `perUnit` for each unit a group keeps. */
export interface Extent {
  readonly fixed: number;
  readonly parts: readonly { readonly group: number; readonly perUnit: number }[];
}
export type Extents = readonly Extent[] | undefined;

/** Groups are known by their positions in `analysis.groups`. */
export class Sizes {
  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly resolve: Resolve,
  ) {}

  extents(type: ValueType | undefined, labels: Labels | undefined): Extents {
    return type?.shape?.map((dim, axis) => this.extent(this.resolve(dim), labels?.[axis]));
  }

  /** @param removed units of each group. */
  at(extents: Extents, removed: Int32Array): number[] | undefined {
    const { groups } = this.analysis;
    return extents?.map(({ fixed, parts }) =>
      parts.reduce(
        (sum, { group, perUnit }) => sum + perUnit * (groups[group].units - removed[group]),
        fixed,
      ),
    );
  }

  private extent(size: number, labels: AxisLabels | undefined): Extent {
    if (!labels) return { fixed: size, parts: [] };
    const { groups } = this.analysis;
    const parts = [...this.analysis.extents(labels)].flatMap(([group, count]) =>
      groups[group].pinned ? [] : [{ group, perUnit: count / groups[group].units, count }],
    );
    return { fixed: size - parts.reduce((sum, { count }) => sum + count, 0), parts };
  }
}

/** The groups that any of these sizes depends on. */
export function groupsOf(all: readonly Extents[]): number[] {
  const found = new Set<number>();
  for (const extents of all) {
    for (const { parts } of extents ?? []) for (const { group } of parts) found.add(group);
  }
  return [...found];
}

export type Shapes = readonly (readonly number[] | undefined)[];

/** The node with the attributes it would have: group counts, heads, hidden sizes. */
export function attributesAfter(site: Site, left: { inputs: Shapes; outputs: Shapes }): Node {
  if (!site.rule?.cut || site.node.attribute.length === 0) return site.node;
  const node = cloneNode(site.node);
  const kept = (
    before: ValueType | undefined,
    after: readonly number[] | undefined,
    axis: number,
  ) => {
    const size = after?.[axis];
    return size === undefined || before?.shape?.[axis] === size
      ? undefined
      : [...Array(size).keys()];
  };
  site.rule.cut({
    node,
    opset: site.opset,
    inputs: site.inputs,
    outputs: site.outputs,
    keptOfInput: (input, axis) => kept(site.inputs[input], left.inputs[input], axis),
    keptOfOutput: (output, axis) => kept(site.outputs[output], left.outputs[output], axis),
    setIntegers: () => undefined,
    reshapeConstant: () => undefined,
  });
  return node;
}
