/** Shares the amount out among the ranked groups: how many units each of them keeps. */

import type { Criterion } from '../../criteria/criterion';
import type { Issue } from '../../ir/issue';
import { parseGoal, reachedIssue } from '../latency-goal';
import { keptAtCost, keptAtRatio, type CostOf } from './allocate';
import { amountOf, leftAfter, missed, uncounted, type Round } from './amount';
import type { CostModel } from './cost';
import type { Curve } from './curves/curve';
import { levelOrder, slopeOrder } from './curves/orders';
import type { PruneOptions } from './options';
import type { Ranked } from './rank';
import { lossOrder, removalOrder, type Removal } from './steps';
import { normalizationOf } from './weigh';

/** How many units each ranked group keeps, and what is to be said of it. */
export interface Allocation {
  readonly kept: readonly number[];
  readonly issues: readonly Issue[];
}

/** @param curves one for each ranked group, for the allocations that go by them. */
export function shareOut(
  ranked: readonly Ranked[],
  criterion: Criterion,
  model: CostModel,
  options: PruneOptions,
  round: Round,
  curves: readonly Curve[],
): Allocation {
  const amount = amountOf(options, (quantity) => round.cost(quantity));
  if (!amount) return { kept: ranked.map(namedCount), issues: [] };
  if (options.ratio !== undefined && options.scope === 'local' && options.allocation === 'scores') {
    const ratio = 1 - leftAfter(round, 1 - options.ratio);
    return { kept: keptAtRatio(ranked, removalOrder(ranked, 'local'), ratio), issues: [] };
  }
  const all = ranked.map(({ group }) => group.units);
  const whole = round.cost(amount.quantity);
  if (whole === 0) return { kept: all, issues: [uncounted(amount)] };
  const left = leftAfter(round, amount.left);
  const cost = model.of(amount.quantity);
  const kept =
    amount.left < 1 ? keptFor(ranked, criterion, cost, left * whole, options, curves) : all;
  const issues = missed({ ...amount, left }, cost(kept) / whole, whole);
  if (options.latency === undefined || issues.some(isWarning)) return { kept, issues };
  const reached = reachedIssue(parseGoal(options.latency)!, whole, model.estimate(kept));
  return { kept, issues: [reached] };
}

function isWarning({ severity }: Issue): boolean {
  return severity === 'warning';
}

/** Without an amount for the model, only the groups go that have a ratio of their own. */
function namedCount({ group, counts, rule }: Ranked): number {
  return rule.ratio === undefined ? group.units : counts[0];
}

/** Savings depend on what the other groups lose, so the balance of slopes is found in some turns. */
const turns = 4;

function keptFor(
  ranked: readonly Ranked[],
  criterion: Criterion,
  cost: CostOf,
  target: number,
  options: PruneOptions,
  curves: readonly Curve[],
): number[] {
  const { scope, allocation } = options;
  const balanced = (orderFor: (savings: readonly number[]) => Removal[]): number[] => {
    let kept = ranked.map(({ counts }) => counts[0]);
    for (let turn = 0; turn < turns; turn++) {
      kept = keptAtCost(ranked, orderFor(savingsAt(ranked, cost, kept)), cost, target);
    }
    return kept;
  };
  switch (allocation) {
    case 'scores': {
      const addUp = criterion.additive && normalizationOf(criterion, options) === 'none';
      if (addUp && scope === 'global') return balanced((savings) => lossOrder(ranked, savings));
      return keptAtCost(ranked, removalOrder(ranked, scope), cost, target);
    }
    case 'curves':
      return keptAtCost(ranked, levelOrder(ranked, curves), cost, target);
    case 'slopes':
      return balanced((savings) => slopeOrder(ranked, curves, savings));
  }
}

/** What one unit of each group saves when the others keep so many: all it may lose, over its units. */
function savingsAt(ranked: readonly Ranked[], cost: CostOf, kept: readonly number[]): number[] {
  return ranked.map(({ counts }, i) => {
    const fewest = counts[counts.length - 1];
    const saved = cost(kept.with(i, counts[0])) - cost(kept.with(i, fewest));
    return counts.length > 1 ? saved / (counts[0] - fewest) : 0;
  });
}
