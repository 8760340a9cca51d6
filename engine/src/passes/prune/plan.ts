/** Decides what goes: scores every channel group, shares the amount out among them, and says why. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { ChannelGroup } from '../../channels/group';
import type { Criterion } from '../../criteria/criterion';
import { normalize, type Normalization } from '../../criteria/normalize';
import type { GroupScores } from '../../criteria/score';
import type { Issue } from '../../ir/issue';
import type { PassNote } from '../pass';
import { keptAtCost, keptAtRatio } from './allocate';
import { costModel } from './cost';
import { idlePatterns, layerRule, type LayerRule } from './layer-rules';
import type { PruneOptions } from './options';
import { permittedCounts, removalOrder, type Candidate } from './steps';

export interface PrunePlan {
  /** Group id → units that go. */
  readonly cuts: ReadonlyMap<string, readonly number[]>;
  readonly notes: readonly PassNote[];
  readonly issues: readonly Issue[];
}

/** A group that takes part, with its units from the least to the most important. */
export interface Ranked extends Candidate {
  readonly group: ChannelGroup;
  readonly order: readonly number[];
  readonly rule: LayerRule;
}

/** The groups that the options leave to be cut. */
export function eligibleGroups(
  { groups }: ChannelAnalysis,
  { layers }: PruneOptions,
): readonly ChannelGroup[] {
  return groups.filter((group) => !group.pinned && !layerRule(group, layers).skip);
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
): PrunePlan {
  const notes: PassNote[] = [];
  const ranked = rank(analysis, criterion, judged, options, notes);
  const { kept, issues } = allocate(analysis, ranked, options);
  const cuts = new Map<string, readonly number[]>();
  ranked.forEach((each, i) => {
    const gone = each.order.slice(0, each.group.units - kept[i]);
    if (gone.length > 0) cuts.set(each.group.id, gone);
    notes.push(noteOf(each, kept[i], criterion));
  });
  const idle = idlePatterns(analysis.groups, options.layers).map((pattern): Issue => ({
    severity: 'warning',
    code: 'idle-pattern',
    message: `The pattern "${pattern}" under layers matches no layer of a channel group; see coppice groups for their names.`,
  }));
  return { cuts, notes, issues: [...idle, ...issues] };
}

/** Ranks the units of the groups that may be cut; the other groups get their note. */
function rank(
  analysis: ChannelAnalysis,
  criterion: Criterion,
  judged: GroupScores,
  options: PruneOptions,
  notes: PassNote[],
): Ranked[] {
  return analysis.groups.flatMap((group) => {
    const rule = layerRule(group, options.layers);
    const reason = group.pinned
      ? `pinned: ${group.reason ?? 'it must keep its size'}`
      : rule.skip
        ? `left as it is by layers: ${rule.patterns.join(', ')}`
        : judged.refused.get(group);
    if (reason !== undefined) {
      const { id: subject, layers, channels } = group;
      notes.push({ subject, layers, before: channels, after: channels, reason });
      return [];
    }
    const scores = weigh(group, judged.scores.get(group)!, criterion, options);
    const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b);
    const counts = countsOf(group, rule, options);
    return [
      { group, order, rule, counts, scores: Float64Array.from(order, (unit) => scores[unit]) },
    ];
  });
}

/**
 * The scores on the scale shared by all groups. A normalization makes groups equal whatever the
 * number of layers that are tied together in them; under the policy `sum` that number comes back as
 * a factor, because a unit of a residual trunk goes from every block that writes to it.
 */
function weigh(
  { layers }: ChannelGroup,
  scores: Float64Array,
  { comparable }: Criterion,
  { normalization, policy }: PruneOptions,
): Float64Array {
  const chosen: Normalization =
    normalization !== 'auto' ? normalization : comparable ? 'none' : 'mean';
  const normalized = normalize(scores, chosen);
  if (policy !== 'sum' || chosen === 'none') return normalized;
  return normalized.map((score) => score * layers.length);
}

/** What a group may keep; a ratio of its own leaves one choice, the permitted count nearest to it. */
function countsOf(group: ChannelGroup, rule: LayerRule, options: PruneOptions): number[] {
  const limits = {
    minChannels: options.min_channels,
    maxRatio: rule.max_ratio ?? options.max_ratio,
    round: options.round,
  };
  const counts = permittedCounts(group.units, group.channels / group.units, limits);
  if (rule.ratio === undefined) return counts;
  const wanted = group.units * (1 - rule.ratio);
  return [
    counts.reduce((best, each) =>
      Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best,
    ),
  ];
}

/** Relative to the original, how far from its target a result may be without a word. */
const tolerance = 0.01;

function allocate(
  analysis: ChannelAnalysis,
  ranked: readonly Ranked[],
  options: PruneOptions,
): { kept: number[]; issues: Issue[] } {
  const order = removalOrder(ranked, options.scope);
  if (options.ratio !== undefined && options.scope === 'local') {
    return { kept: keptAtRatio(ranked, order, options.ratio), issues: [] };
  }
  const model = costModel(
    analysis,
    ranked.map(({ group }) => group),
  );
  const [quantity, left] =
    options.macs !== undefined
      ? (['macs', options.macs] as const)
      : options.params !== undefined
        ? (['params', options.params] as const)
        : (['channels', 1 - options.ratio!] as const);
  const cost = (kept: readonly number[]): number => model(kept)[quantity];
  const whole = cost(ranked.map(({ group }) => group.units));
  if (whole === 0) {
    return { kept: ranked.map(({ group }) => group.units), issues: [uncounted(quantity)] };
  }
  const kept = keptAtCost(ranked, order, cost, left * whole);
  const reached = cost(kept) / whole;
  if (Math.abs(reached - left) <= tolerance) return { kept, issues: [] };
  return { kept, issues: [missed(quantity, left, reached)] };
}

function uncounted(quantity: string): Issue {
  const name = quantity === 'macs' ? 'MACs' : quantity;
  return {
    severity: 'warning',
    code: 'target-missed',
    message: `The model has no ${name} that can be counted or none that can go, so no share of them can be a target: give another amount.`,
  };
}

function missed(quantity: string, wanted: number, reached: number): Issue {
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const name = quantity === 'macs' ? 'MACs' : quantity;
  const why =
    reached > wanted
      ? 'the floors (min_channels, max_ratio), exceptions and pinned groups allow no less; relax them'
      : 'the steps in which channels can go are that coarse; a smaller round would be finer';
  return {
    severity: reached > wanted ? 'warning' : 'information',
    code: 'target-missed',
    message: `${percent(reached)} of the ${name} are left where ${percent(wanted)} were asked for: ${why}.`,
  };
}

function noteOf(
  { group, scores, counts, rule }: Ranked,
  kept: number,
  criterion: Criterion,
): PassNote {
  const perUnit = group.channels / group.units;
  const gone = group.units - kept;
  const reasons: string[] = [];
  const spelled = (score: number): string => score.toPrecision(3);
  if (rule.ratio !== undefined)
    reasons.push(`ratio ${rule.ratio} by layers: ${rule.patterns.join(', ')}`);
  if (gone > 0 && kept > 0) {
    reasons.push(
      `${criterion.id}: last cut scores ${spelled(scores[gone - 1])}, first kept ${spelled(scores[gone])}`,
    );
  } else if (gone === 0) {
    reasons.push(
      counts.length === 1
        ? 'at its floor already'
        : `${criterion.id}: every unit scores higher than what went elsewhere`,
    );
  }
  if (gone > 0 && rule.ratio === undefined && kept === counts[counts.length - 1])
    reasons.push('floor reached');
  if (!group.exact && group.reason) reasons.push(group.reason);
  const { id: subject, layers, channels: before } = group;
  return { subject, layers, before, after: kept * perUnit, reason: reasons.join('; ') };
}
