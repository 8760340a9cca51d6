/** What is advised for layers, in the few words of a hint and in the cells of a hover. */

import type { LayerAdvice } from '#protocol/inspection';
import { percent } from './figures';

/** What recipes and people call the methods. */
const titles: Readonly<Record<string, string>> = { tucker2: 'Tucker', svd: 'SVD' };

/** `prune 40 %`, `Tucker r=16,24`, `leave`. */
export function adviceText(advice: LayerAdvice): string {
  switch (advice.kind) {
    case 'prune':
      return `prune ${percent(advice.ratio)}`;
    case 'decompose':
      return `${titles[advice.method] ?? advice.method} r=${advice.ranks.join(',')}`;
    case 'leave':
      return 'leave';
  }
}

/**
 * For the layers behind one line: `prune 30–50 %` where all are to be pruned, else the most frequent
 * change and how many would suffer it: `SVD r=8 (2 of 5)`.
 */
export function adviceForAll(all: readonly LayerAdvice[]): string | undefined {
  if (all.length === 0) return undefined;
  const changes = all.filter(({ kind }) => kind !== 'leave');
  const byKind = new Map<string, LayerAdvice[]>();
  for (const each of changes.length > 0 ? changes : all) {
    const kind = each.kind === 'decompose' ? each.method : each.kind;
    byKind.set(kind, [...(byKind.get(kind) ?? []), each]);
  }
  const most = [...byKind.values()].reduce((a, b) => (b.length > a.length ? b : a));
  const share = most.length === all.length ? '' : ` (${most.length} of ${all.length})`;
  return `${rangeText(most)}${share}`;
}

/** Advice of one kind. */
function rangeText(all: readonly LayerAdvice[]): string {
  const [first] = all;
  const texts = new Set(all.map(adviceText));
  if (texts.size === 1) return adviceText(first);
  const ratios = all.flatMap((each) => (each.kind === 'prune' ? each.ratio : []));
  if (ratios.length > 0) {
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
    return `prune ${Math.round(100 * low)}–${percent(high)}`;
  }
  return first.kind === 'decompose' ? (titles[first.method] ?? first.method) : 'leave';
}
