/** Decides what goes, and says why: the least important units of every group, as many as are its share. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { Criterion } from '../../criteria/criterion';
import type { Issue } from '../../ir/issue';
import { idlePatterns } from '../layer-rules';
import type { PassNote } from '../pass';
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
  return { cuts, notes, issues: [...idle, ...issues] };
}
