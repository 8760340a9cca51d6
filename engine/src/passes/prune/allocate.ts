/** How many units each channel group keeps, so that a target is met. */

import type { Candidate, Removal } from './steps';

/**
 * Cost of keeping these numbers of units, one for each candidate. Never grows when one shrinks, but
 * for latencies of counts that a runtime is slow at: for them a prefix that meets the target is found,
 * perhaps not the shortest.
 */
export type CostOf = (kept: readonly number[]) => number;

/** The counts when every removal up to this share of a group's units is made (local scope). */
export function keptAtRatio(
  candidates: readonly Candidate[],
  order: readonly Removal[],
  ratio: number,
): number[] {
  return applied(
    candidates,
    order.filter((removal) => removal.key <= ratio),
  );
}

/**
 * The counts whose cost is the largest that does not exceed the target: the shortest prefix of the
 * removals that meets it (by bisection, as the cost falls with every removal), after which removals
 * that turn out not to be needed are taken back, the most costly loss first.
 *
 * @returns the counts; the smallest possible ones where even those cost more than the target.
 */
export function keptAtCost(
  candidates: readonly Candidate[],
  order: readonly Removal[],
  cost: CostOf,
  target: number,
): number[] {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cost(applied(candidates, order.slice(0, middle))) <= target) high = middle;
    else low = middle + 1;
  }
  return giveBack(candidates, order.slice(0, low), cost, target);
}

function giveBack(
  candidates: readonly Candidate[],
  removals: readonly Removal[],
  cost: CostOf,
  target: number,
): number[] {
  const kept = applied(candidates, removals);
  // Only the last removal of a group can be undone, so the walk backwards skips those below one kept.
  for (let i = removals.length - 1; i >= 0; i--) {
    const { candidate, kept: count } = removals[i];
    if (kept[candidate] !== count) continue;
    const { counts } = candidates[candidate];
    kept[candidate] = counts[counts.indexOf(count) - 1];
    if (cost(kept) > target) kept[candidate] = count;
  }
  return kept;
}

function applied(candidates: readonly Candidate[], removals: readonly Removal[]): number[] {
  const kept = candidates.map(({ counts }) => counts[0]);
  for (const { candidate, kept: count } of removals) {
    kept[candidate] = Math.min(kept[candidate], count);
  }
  return kept;
}
