/**
 * Forms groups: classes of units that occur together on the same axes, equally often. Starting from
 * one class of all units, every axis splits the classes by how often it holds their units.
 */

import { none, type AxisLabels } from '../ops/channel-rule';

/** The class of each unit root; 0 for units on no axis. */
export function partition(
  axes: Iterable<AxisLabels>,
  roots: Int32Array,
): { readonly classOf: Int32Array; readonly count: number } {
  const classOf = new Int32Array(roots.length);
  const occurrences = new Int32Array(roots.length);
  const seen = new Set<AxisLabels>();
  let count = 1;
  for (const axis of axes) {
    // Values that pass labels on share the array, and an array splits no class twice.
    if (seen.has(axis)) continue;
    seen.add(axis);
    const present: number[] = [];
    for (const label of axis) {
      if (label === none) continue;
      const root = roots[label];
      if (occurrences[root]++ === 0) present.push(root);
    }
    const splits = new Map<number, number>();
    for (const root of present) {
      const key = classOf[root] * (axis.length + 1) + occurrences[root];
      let to = splits.get(key);
      if (to === undefined) splits.set(key, (to = count++));
      classOf[root] = to;
      occurrences[root] = 0;
    }
  }
  return { classOf, count };
}
