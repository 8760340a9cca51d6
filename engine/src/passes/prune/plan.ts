/** Decides what goes: ranks every channel group, shares the amount out among them, and says why. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { Criterion } from '../../criteria/criterion';
import type { GroupScores } from '../../criteria/score';
import type { Issue } from '../../ir/issue';
import type { PassNote } from '../pass';
import { keptAtCost, keptAtRatio } from './allocate';
import { amountOf, leftAfter, missed, uncounted, type Round } from './amount';
import { costModel, type CostModel } from './cost';
import { explainCut, explainLeft } from './explain';
import { idlePatterns } from './layer-rules';
import type { PruneOptions } from './options';
import { eligibleGroups, rankGroups, type Ranked } from './rank';
import { removalOrder } from './steps';

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

/** The only round of a plan that is carried out at once. */
export function onlyRound(analysis: ChannelAnalysis, options: PruneOptions): Round {
  const groups = eligibleGroups(analysis, options);
  return {
    number: 1,
    of: 1,
    cost: costModel(analysis, groups)(groups.map(({ units }) => units)),
    units: new Map(analysis.groups.map(({ id, units }) => [id, units])),
  };
}

/**
 * The same analysis, scores and options give the same plan.
 *
 * @param judged the scores of the eligible groups.
 */
export function planCuts(
  analysis: ChannelAnalysis,
  criterion: Criterion,
  judged: GroupScores,
  options: PruneOptions,
  round: Round = onlyRound(analysis, options),
): PrunePlan {
  const { ranked, left } = rankGroups(analysis, criterion, judged, options, round);
  const model = costModel(
    analysis,
    ranked.map(({ group }) => group),
  );
  const { kept, issues } = allocate(ranked, model, options, round);
  const cuts = new Map<string, readonly number[]>();
  ranked.forEach(({ group, order }, i) => {
    const gone = order.slice(0, group.units - kept[i]);
    if (gone.length > 0) cuts.set(group.id, gone);
  });
  const notes = [
    ...left.map((each) => explainLeft(each)),
    ...ranked.map((_, i) => explainCut(ranked, kept, i, { criterion, options, model })),
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
  model: CostModel,
  options: PruneOptions,
  round: Round,
): Allocation {
  const order = removalOrder(ranked, options.scope);
  if (options.ratio !== undefined && options.scope === 'local') {
    const ratio = 1 - leftAfter(round, 1 - options.ratio);
    return { kept: keptAtRatio(ranked, order, ratio), issues: [] };
  }
  const amount = amountOf(options);
  const whole = round.cost[amount.quantity];
  if (whole === 0) {
    return { kept: ranked.map(({ group }) => group.units), issues: [uncounted(amount)] };
  }
  const left = leftAfter(round, amount.left);
  const cost = (kept: readonly number[]): number => model(kept)[amount.quantity];
  const kept = keptAtCost(ranked, order, cost, left * whole);
  return { kept, issues: missed({ ...amount, left }, cost(kept) / whole) };
}
