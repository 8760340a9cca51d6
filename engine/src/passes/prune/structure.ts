/**
 * Which channel groups have the same structure: the same operators hold their slices, in the same
 * order and with the same part in it. Scores of such groups are alike in kind, whatever their
 * layers' widths, and are compared with each other alone in the scope `isomorphic`.
 *
 * Fang et al., "Isomorphic Pruning for Vision Models", ECCV 2024 (arXiv 2407.04616).
 */

import type { ChannelGroup } from '../../channels/group';

/** A text that is equal for groups of the same structure, for example `Conv:out0 Conv:in1`. */
export function structureOf({ members, unit }: ChannelGroup): string {
  const parts = members.map(({ opType, role, axis }) => `${opType}:${role}${axis}`);
  return [unit, ...parts].join(' ');
}
