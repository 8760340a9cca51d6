/**
 * The order in which units go: for every channel group the counts it may shrink to, and for all
 * groups together one list of removals, the cheapest loss first. An amount, of whatever kind, is
 * then a prefix of that list.
 */

/** A channel group as the allocation sees it. */
export interface Candidate {
  /** Scores of the group's units on the scale shared by all groups, ascending. */
  readonly scores: Float64Array;
  /** Numbers of units the group may keep, descending; the first is the number it has. */
  readonly counts: readonly number[];
}

/** One group shrinks from one permitted count to the next. */
export interface Removal {
  readonly candidate: number;
  /** Units kept after it. */
  readonly kept: number;
  /** What is compared between groups: a score, or the share of the group's units removed. */
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
 */
export function permittedCounts(units: number, channelsPerUnit: number, limits: Limits): number[] {
  const floor = Math.max(
    1,
    Math.ceil(limits.minChannels / channelsPerUnit),
    // Rounding of the share must not cost a unit: 10 units of which 0.9 may go keep 1.
    Math.ceil(units * (1 - limits.maxRatio) - 1e-9),
  );
  const counts = [units];
  for (let kept = units - 1; kept >= floor; kept--) {
    if ((kept * channelsPerUnit) % limits.round === 0) counts.push(kept);
  }
  return counts;
}

/**
 * All removals in order. Globally the key is the mean score of the units that go; locally it is the
 * share removed at which the smaller count becomes the nearer one, so that all groups shrink alike.
 */
export function removalOrder(
  candidates: readonly Candidate[],
  scope: 'local' | 'global',
): Removal[] {
  return candidates
    .flatMap(({ scores, counts }, candidate) =>
      counts.slice(1).map((kept, i): Removal => {
        const before = counts[i];
        const units = counts[0];
        const gone = scores.subarray(units - before, units - kept);
        const key =
          scope === 'global'
            ? gone.reduce((sum, score) => sum + score, 0) / gone.length
            : 1 - (before + kept) / 2 / units;
        return { candidate, kept, key };
      }),
    )
    .sort((a, b) => a.key - b.key || a.candidate - b.candidate || b.kept - a.kept);
}
