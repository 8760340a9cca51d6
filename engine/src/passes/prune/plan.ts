/** Decides what goes: shares the amount out among the ranked groups, and says why. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { Criterion } from '../../criteria/criterion';
import type { Issue } from '../../ir/issue';
import type { PassNote } from '../pass';
import { keptAtCost, keptAtRatio } from './allocate';
import { amountOf, leftAfter, missed, uncounted, type Round } from './amount';
import { costModel, type CostModel } from './cost';
import type { Curve } from './curves/curve';
import { levelOrder, slopeOrder } from './curves/orders';
import { explainCut, explainLeft } from './explain';
import { idlePatterns } from './layer-rules';
import type { PruneOptions } from './options';
import type { Ranked, Ranking } from './rank';
import { lossOrder, removalOrder, type Removal } from './steps';
import { normalizationOf } from './weigh';

export interface PrunePlan {
  /** Group id → units that go. */
  readonly cuts: ReadonlyMap<string, readonly number[]>;
  readonly notes: readonly PassNote[];
  readonly issues: readonly Issue[];
}

/** How many units each ranked group keeps, and what is to be said of it. */
interface Allocation {
  readonly kept: readonly number[];
  readonly issues: readonly Issue[];
}

/**
 * The same analysis, ranking and options give the same plan.
 *
 * @param curves one for each ranked group, for the allocations that go by them.
 */
export function planCuts(
  analysis: ChannelAnalysis,
  criterion: Criterion,
  { ranked, left }: Ranking,
  options: PruneOptions,
  round: Round,
  curves: readonly Curve[] = [],
): PrunePlan {
  const model = costModel(
    analysis,
    ranked.map(({ group }) => group),
  );
  const { kept, issues } = allocate(ranked, criterion, model, options, round, curves);
  const cuts = new Map<string, readonly number[]>();
  ranked.forEach(({ group, order }, i) => {
    const gone = order.slice(0, group.units - kept[i]);
    if (gone.length > 0) cuts.set(group.id, gone);
  });
  const explained = { criterion, options, model, curves };
  const notes = [
    ...left.map((each) => explainLeft(each)),
    ...ranked.map((_, i) => explainCut(ranked, kept, i, explained)),
  ];
  const idle = idlePatterns(analysis.groups, options.layers).map((pattern): Issue => ({
    severity: 'warning',
    code: 'idle-pattern',
    message: `The pattern "${pattern}" under layers matches no layer of a channel group; see coppice groups for their names.`,
  }));
  return { cuts, notes, issues: [...idle, ...issues] };
}

function allocate(
  ranked: readonly Ranked[],
  criterion: Criterion,
  model: CostModel,
  options: PruneOptions,
  round: Round,
  curves: readonly Curve[],
): Allocation {
  if (
    [options.ratio, options.macs, options.params, options.bytes].every((each) => each === undefined)
  ) {
    return { kept: ranked.map(namedCount), issues: [] };
  }
  if (options.ratio !== undefined && options.scope === 'local' && options.allocation === 'scores') {
    const ratio = 1 - leftAfter(round, 1 - options.ratio);
    return { kept: keptAtRatio(ranked, removalOrder(ranked, 'local'), ratio), issues: [] };
  }
  const amount = amountOf(options);
  const whole = round.cost[amount.quantity];
  if (whole === 0) {
    return { kept: ranked.map(({ group }) => group.units), issues: [uncounted(amount)] };
  }
  const left = leftAfter(round, amount.left);
  const cost = (kept: readonly number[]): number => model(kept)[amount.quantity];
  const target = left * whole;
  const kept = keptFor(ranked, criterion, cost, target, options, curves);
  return { kept, issues: missed({ ...amount, left }, cost(kept) / whole) };
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
  cost: (kept: readonly number[]) => number,
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
function savingsAt(
  ranked: readonly Ranked[],
  cost: (kept: readonly number[]) => number,
  kept: readonly number[],
): number[] {
  return ranked.map(({ counts }, i) => {
    const fewest = counts[counts.length - 1];
    const saved = cost(kept.with(i, counts[0])) - cost(kept.with(i, fewest));
    return counts.length > 1 ? saved / (counts[0] - fewest) : 0;
  });
}
