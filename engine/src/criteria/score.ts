/** Scores channel groups by a criterion of either kind. */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import { CoppiceError } from '../ir/issue';
import { criterionContext, type ScoringOptions } from './context';
import type { Criterion, Observation } from './criterion';

export interface GroupScores {
  /** One importance for each unit, not yet normalized. */
  readonly scores: ReadonlyMap<ChannelGroup, Float64Array>;
  /** Why the criterion says nothing about these groups. */
  readonly refused: ReadonlyMap<ChannelGroup, string>;
}

/**
 * @param observe what a criterion that looks at data runs the model with.
 * @throws CoppiceError `no-calibration` where the criterion needs data and there is none.
 */
export async function scoreGroups(
  analysis: ChannelAnalysis,
  groups: readonly ChannelGroup[],
  criterion: Criterion,
  options: ScoringOptions,
  observe?: Omit<Observation, 'analysis' | 'seed'>,
): Promise<GroupScores> {
  const context = {
    ...criterionContext(analysis.model, options),
    tensor: (name: string) => analysis.tensor(name)!,
  };
  const refused = new Map<ChannelGroup, string>();
  for (const group of groups) {
    const reason =
      criterion.needs === 'weights'
        ? criterion.refuse?.(group, context)
        : criterion.refuse?.(group, analysis);
    if (reason !== undefined) refused.set(group, reason);
  }
  const scored = groups.filter((group) => !refused.has(group));
  if (criterion.needs === 'weights') {
    const scores = new Map(scored.map((group) => [group, criterion.score(group, context)]));
    return { scores, refused };
  }
  const isLabelled = criterion.needs !== 'labels' || observe?.calibration.labelled;
  if (!observe || !isLabelled) throw noData(criterion);
  if (scored.length === 0) return { scores: new Map(), refused };
  const observation = { ...observe, analysis, seed: options.seed ?? 0 };
  const measured = await criterion.measure(scored, context, observation);
  return { scores: new Map(scored.map((group, i) => [group, measured[i]])), refused };
}

function noData({ id, needs }: Criterion): CoppiceError {
  const labels = needs === 'labels' ? ' with labels' : '';
  return new CoppiceError(
    'no-calibration',
    `The criterion \`${id}\` looks at what the model computes, so it needs calibration data${labels} and a runtime: give data, or take a criterion that looks at weights, such as fpgm.`,
  );
}
