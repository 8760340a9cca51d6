/** Ranks the units of every group that may be cut, and says why the other groups may not. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { ChannelGroup } from '../../channels/group';
import type { Criterion } from '../../criteria/criterion';
import type { GroupScores } from '../../criteria/score';
import { layerRule, type LayerRule } from '../layer-rules';
import { leftAfter, type Round } from './amount';
import type { PruneOptions } from './options';
import { permittedCounts, type Candidate, type Limits } from './steps';
import { structureOf } from './structure';
import { weigh } from './weigh';

type GroupRule = LayerRule<PruneOptions['layers'][string]>;

/** Globs reach a group by its id or by one of its layers. */
export function namesOf({ id, layers }: ChannelGroup): readonly string[] {
  return [id, ...layers];
}

/** A group that takes part, with its units from the least to the most important. */
export interface Ranked extends Candidate {
  readonly group: ChannelGroup;
  readonly order: readonly number[];
  /** The criterion's scores in that order, before they were brought to one scale. */
  readonly raw: Float64Array;
  readonly rule: GroupRule;
  readonly limits: Limits;
}

/** A group that does not take part. */
export interface Left {
  readonly group: ChannelGroup;
  readonly limit: 'pinned' | 'skip' | 'refused';
  readonly reason: string;
}

export interface Ranking {
  readonly ranked: readonly Ranked[];
  readonly left: readonly Left[];
}

/** The groups that the options leave to be cut. */
export function eligibleGroups(
  { groups }: ChannelAnalysis,
  { layers }: PruneOptions,
): readonly ChannelGroup[] {
  return groups.filter((group) => !group.pinned && !layerRule(namesOf(group), layers).skip);
}

/** @param judged the scores of the eligible groups. */
export function rankGroups(
  analysis: ChannelAnalysis,
  criterion: Criterion,
  judged: GroupScores,
  options: PruneOptions,
  round: Round,
): Ranking {
  const ranked: Ranked[] = [];
  const left: Left[] = [];
  for (const group of analysis.groups) {
    const rule = layerRule(namesOf(group), options.layers);
    const reason = leftBecause(group, rule, judged);
    if (reason) {
      left.push(reason);
      continue;
    }
    const raw = judged.scores.get(group)!;
    const scores = weigh(analysis, group, raw, criterion, options);
    // The common scale never changes the order within a group, but may make scores equal.
    const order = [...raw.keys()].sort((a, b) => scores[a] - scores[b] || raw[a] - raw[b] || a - b);
    const limits = {
      minChannels: options.min_channels,
      maxRatio: rule.max_ratio ?? options.max_ratio,
      round: options.round ?? 1,
    };
    const whole = round.units.get(group.id) ?? group.units;
    ranked.push({
      group,
      order,
      raw: Float64Array.from(order, (unit) => raw[unit]),
      scores: Float64Array.from(order, (unit) => scores[unit]),
      rule,
      limits,
      counts: countsOf(group, rule, limits, whole, round),
      whole,
      structure: structureOf(group),
    });
  }
  return { ranked, left };
}

function leftBecause(
  group: ChannelGroup,
  rule: GroupRule,
  { refused }: GroupScores,
): Left | undefined {
  if (group.pinned) {
    const reason = `pinned: ${group.reason ?? 'it must keep its size'}`;
    return { group, limit: 'pinned', reason };
  }
  if (rule.skip) {
    const reason = `left as it is by layers: ${rule.patterns.join(', ')}`;
    return { group, limit: 'skip', reason };
  }
  const reason = refused.get(group);
  return reason === undefined ? undefined : { group, limit: 'refused', reason };
}

/** What a group may keep; a ratio of its own leaves one choice, the permitted count nearest to it. */
function countsOf(
  { units, channels }: ChannelGroup,
  rule: GroupRule,
  limits: Limits,
  whole: number,
  round: Round,
): number[] {
  const counts = permittedCounts(units, channels / units, limits, whole);
  if (rule.ratio === undefined) return counts;
  const wanted = whole * leftAfter(round, 1 - rule.ratio);
  return [
    counts.reduce((best, each) =>
      Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best,
    ),
  ];
}
