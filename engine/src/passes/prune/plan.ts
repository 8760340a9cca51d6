/** Decides what goes, and says why: the least important units of every group, as many as are its share. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { Criterion } from '../../criteria/criterion';
import type { Target } from '../../device/profile';
import type { Issue } from '../../ir/issue';
import { idlePatterns } from '../layer-rules';
import type { PassNote } from '../pass';
import { misaligned } from './alignment';
import type { Round } from './amount';
import { costModel } from './cost';
import type { Curve } from './curves/curve';
import { explainCut, explainLeft } from './explain';
import type { PruneOptions } from './options';
import { namesOf, type Ranking } from './rank';
import { shareOut } from './share-out';

export interface PrunePlan {
  /** Group id → units that go. */
  readonly cuts: ReadonlyMap<string, readonly number[]>;
  readonly notes: readonly PassNote[];
  readonly issues: readonly Issue[];
}

/** What some plans go by, besides the ranking. */
export interface PlanBasis {
  /** One for each ranked group, for the allocations that go by them. */
  readonly curves?: readonly Curve[];
  /** Whose latency is estimated; needed for that amount. */
  readonly device?: Target;
}

/** The same analysis, ranking and options give the same plan. */
export function planCuts(
  analysis: ChannelAnalysis,
  criterion: Criterion,
  { ranked, left }: Ranking,
  options: PruneOptions,
  round: Round,
  { curves = [], device }: PlanBasis = {},
): PrunePlan {
  const groups = ranked.map(({ group }) => group);
  const model = costModel(analysis, groups, device);
  const { kept, issues } = shareOut(ranked, criterion, model, options, round, curves);
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
  const parts = analysis.groups.map(namesOf);
  const idle = idlePatterns(parts, options.layers, 'layer of a channel group', 'groups');
  const slow = misaligned(ranked, kept, model, options, device);
  return { cuts, notes, issues: [...idle, ...issues, ...slow] };
}
