/**
 * The order in which units go: for every channel group the counts it may shrink to, and for all
 * groups together one list of removals, the cheapest loss first. An amount, of whatever kind, is
 * then a prefix of that list.
 */

import type { Scope } from './options';

/** A channel group as the allocation sees it. */
export interface Candidate {
  /** Scores of the group's units on the scale shared by all groups, ascending. */
  readonly scores: Float64Array;
  /** Numbers of units the group may keep, descending; the first is the number it has. */
  readonly counts: readonly number[];
  /** Units that it had before the first round; shares of it are shares of these. */
  readonly whole: number;
  /** Equal for groups of the same structure. */
  readonly structure: string;
}

/** One group shrinks from one permitted count to the next. */
export interface Removal {
  readonly candidate: number;
  /** Units kept before and after it. */
  readonly before: number;
  readonly kept: number;
  /** What is compared between groups: a score, a share that is removed, a loss. */
  readonly key: number;
}

export interface Limits {
  readonly minChannels: number;
  readonly maxRatio: number;
  readonly round: number;
}

/**
 * The numbers of units that a group may keep, descending from what it has: multiples of `round` in
 * channels, no fewer than the floors allow.
 *
 * @param channelsPerUnit channels of the producing layer that go with one unit.
 * @param whole units that the largest share is taken of.
 */
export function permittedCounts(
  units: number,
  channelsPerUnit: number,
  limits: Limits,
  whole = units,
): number[] {
  const floors = floorsOf(channelsPerUnit, limits, whole);
  const floor = Math.max(1, floors.minChannels, floors.maxRatio);
  const counts = [units];
  for (let kept = units - 1; kept >= floor; kept--) {
    if ((kept * channelsPerUnit) % limits.round === 0) counts.push(kept);
  }
  return counts;
}

/** The fewest units that each limit allows. */
export function floorsOf(channelsPerUnit: number, limits: Limits, whole: number) {
  return {
    minChannels: Math.ceil(limits.minChannels / channelsPerUnit),
    // Rounding of the share must not cost a unit: 10 units of which 0.9 may go keep 1.
    maxRatio: Math.ceil(whole * (1 - limits.maxRatio) - 1e-9),
  };
}

/**
 * All removals in order. Globally the key is the mean score of the units that go; locally it is the
 * share removed at which the smaller count becomes the nearer one, so that all groups shrink alike.
 * Between groups of the same structure scores are compared, and the key is the share of all their
 * units that is gone then, so that all structures shrink alike.
 *
 * Fang et al., "Isomorphic Pruning for Vision Models", ECCV 2024 (arXiv 2407.04616).
 */
export function removalOrder(candidates: readonly Candidate[], scope: Scope): Removal[] {
  switch (scope) {
    case 'global':
      return orderedBy(candidates, meanScore);
    case 'local':
      return orderedBy(candidates, ({ whole }, before, kept) => 1 - (before + kept) / 2 / whole);
    case 'isomorphic':
      return bySharesOfStructures(candidates);
  }
}

/**
 * All removals by loss for what is saved, where scores are losses that add up over all groups.
 *
 * @param savings what the loss of one unit of each candidate saves.
 */
export function lossOrder(candidates: readonly Candidate[], savings: readonly number[]): Removal[] {
  return orderedBy(candidates, (each, before, kept, i) =>
    savings[i] > 0 ? meanScore(each, before, kept) / savings[i] : Infinity,
  );
}

/** What a removal from `before` to `kept` units is judged by. */
export type KeyOf = (
  candidate: Candidate,
  before: number,
  kept: number,
  position: number,
) => number;

/**
 * All removals by their keys. Those of one group stay in the order of its counts: a key below that
 * of the removal before it, which rounding can give, is raised to it.
 */
export function orderedBy(candidates: readonly Candidate[], keyOf: KeyOf): Removal[] {
  return sorted(
    candidates.flatMap((each, candidate) => {
      let key = -Infinity;
      return each.counts.slice(1).map((kept, i): Removal => {
        const before = each.counts[i];
        key = Math.max(key, keyOf(each, before, kept, candidate));
        return { candidate, before, kept, key };
      });
    }),
  );
}

function meanScore({ scores, counts }: Candidate, before: number, kept: number): number {
  const gone = scores.subarray(counts[0] - before, counts[0] - kept);
  return gone.reduce((sum, score) => sum + score, 0) / gone.length;
}

function bySharesOfStructures(candidates: readonly Candidate[]): Removal[] {
  const whole = new Map<string, number>();
  const gone = new Map<string, number>();
  for (const { structure, whole: units, counts } of candidates) {
    whole.set(structure, (whole.get(structure) ?? 0) + units);
    gone.set(structure, (gone.get(structure) ?? 0) + units - counts[0]);
  }
  return sorted(
    orderedBy(candidates, meanScore).map((removal) => {
      const { structure } = candidates[removal.candidate];
      const units = removal.before - removal.kept;
      const before = gone.get(structure)!;
      gone.set(structure, before + units);
      return { ...removal, key: (before + units / 2) / whole.get(structure)! };
    }),
  );
}

function sorted(removals: Removal[]): Removal[] {
  return removals.sort((a, b) => a.key - b.key || a.candidate - b.candidate || b.kept - a.kept);
}
