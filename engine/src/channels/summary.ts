/** The channel groups of a model as people and other programs read them. */

import type { ChannelAnalysis } from './analyze';
import type { ChannelGroup } from './group';

/** One reason for which channels cannot be cut, and how many it holds. */
export interface PinnedShare {
  readonly reason: string;
  readonly channels: number;
  readonly groups: readonly string[];
}

export interface ChannelSummary {
  readonly totalChannels: number;
  readonly pinnedChannels: number;
  /** 0 … 1; 0 for a model without channels. */
  readonly pinnedShare: number;
  /** The most frequent reason first. */
  readonly pinned: readonly PinnedShare[];
  /** Groups that can be cut although masking them is not the same, with the reason. */
  readonly inexact: readonly { readonly group: string; readonly reason: string }[];
}

export function summarizeChannels(analysis: ChannelAnalysis): ChannelSummary {
  const { groups, totalChannels, pinnedChannels } = analysis;
  const reasons = new Map<string, ChannelGroup[]>();
  for (const group of groups) {
    if (!group.pinned) continue;
    const reason = group.reason ?? 'it is pinned';
    reasons.set(reason, [...(reasons.get(reason) ?? []), group]);
  }
  const pinned = [...reasons].map(([reason, held]) => ({
    reason,
    channels: held.reduce((sum, group) => sum + group.channels, 0),
    groups: held.map((group) => group.id),
  }));
  return {
    totalChannels,
    pinnedChannels,
    pinnedShare: totalChannels === 0 ? 0 : pinnedChannels / totalChannels,
    pinned: pinned.sort((a, b) => b.channels - a.channels),
    inexact: groups.flatMap((group) =>
      group.pinned || group.exact ? [] : [{ group: group.id, reason: group.reason ?? '' }],
    ),
  };
}

/** The object that `coppice groups --json` prints. */
export function describeGroups(analysis: ChannelAnalysis) {
  return {
    ...summarizeChannels(analysis),
    groups: analysis.groups.map((group) => ({
      id: group.id,
      units: group.units,
      channels: group.channels,
      unit: group.unit,
      members: group.members.map(({ node, tensor, axis, role }) => ({ node, tensor, axis, role })),
      layers: group.layers,
      pinned: group.pinned,
      exact: group.exact,
      reason: group.reason ?? null,
    })),
  };
}

/** A table of the groups that fits `width` columns, and below it what is pinned and why. */
export function groupsTable(analysis: ChannelAnalysis, width = 100): string {
  const header = ['group', 'units', 'unit', 'layers', 'tensors', ''];
  const rows = analysis.groups.map((group) => [
    group.id,
    String(group.units),
    group.unit,
    String(group.layers.length),
    String(group.members.length),
    group.pinned ? 'pinned' : group.exact ? '' : 'statistics change',
  ]);
  return [...alignColumns([header, ...rows], width), '', ...summaryLines(analysis)].join('\n');
}

/** For example `10 of 410 channels (2.4 %) are pinned:` and a line for each reason. */
export function summaryLines(analysis: ChannelAnalysis): string[] {
  const { totalChannels, pinnedChannels, pinnedShare, pinned, inexact } =
    summarizeChannels(analysis);
  const share = `${(100 * pinnedShare).toFixed(1)} %`;
  const lines = [`${pinnedChannels} of ${totalChannels} channels (${share}) are pinned:`];
  for (const { reason, channels } of pinned) lines.push(`  ${channels}: ${reason}`);
  const changes = new Map<string, number>();
  for (const { reason } of inexact) changes.set(reason, (changes.get(reason) ?? 0) + 1);
  for (const [reason, count] of changes) {
    lines.push(`In ${count} groups the channels that stay change too: ${reason}.`);
  }
  return lines;
}

/** Numbers to the right, words to the left; the first column gives way when the table is too wide. */
function alignColumns(rows: readonly (readonly string[])[], width: number): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const rest = widths.slice(1).reduce((sum, each) => sum + each + 2, 0);
  widths[0] = Math.max(12, Math.min(widths[0], width - rest));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const text = column === 0 ? shorten(cell, widths[0]) : cell;
        return /^\d+$/.test(cell) ? text.padStart(widths[column]) : text.padEnd(widths[column]);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Long names differ at their ends. */
function shorten(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}
