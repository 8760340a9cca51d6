/** Says of every group why it was cut as it was: in words, and in figures for tables and programs. */

import type { Criterion } from '../../criteria/criterion';
import type { Why } from '#protocol/report';
import type { PassNote } from '../pass';
import type { CostModel, Quantity } from './cost';
import { lossAt, type Curve } from './curves/curve';
import type { PruneOptions } from './options';
import type { Left, Ranked } from './rank';
import { floorsOf } from './steps';
import { normalizationOf } from './weigh';

/** What ended the cutting of a group. */
export type Limit =
  | Left['limit']
  /** The amount was reached before anything more of the group was worth cutting. */
  | 'amount'
  /** A ratio of the group's own, by `layers`. */
  | 'ratio'
  /** The floors, and the rounding that leaves no smaller count above them. */
  | 'min_channels'
  | 'max_ratio'
  | 'round';

export interface Explained {
  readonly criterion: Criterion;
  readonly options: PruneOptions;
  readonly model: CostModel;
  /** One for each ranked group, where the allocation went by them. */
  readonly curves: readonly Curve[];
}

/** A group that did not take part. */
export function explainLeft({ group, reason, limit }: Left): PassNote {
  const { id: subject, layers, channels } = group;
  return { subject, layers, before: channels, after: channels, reason, why: { limit } };
}

/** The `i`-th ranked group, which keeps `kept[i]` of its units. */
export function explainCut(
  ranked: readonly Ranked[],
  kept: readonly number[],
  i: number,
  explained: Explained,
): PassNote {
  const each = ranked[i];
  const { id: subject, layers, channels: before, units } = each.group;
  const limit = limitOf(each, kept[i]);
  return {
    subject,
    layers,
    before,
    after: (kept[i] * before) / units,
    reason: inWords(each, kept[i], limit, explained, i),
    why: inFigures(ranked, kept, i, limit, explained),
  };
}

function limitOf({ group, counts, rule, limits, whole }: Ranked, kept: number): Limit {
  if (rule.ratio !== undefined) return 'ratio';
  if (kept > counts[counts.length - 1]) return 'amount';
  const floors = floorsOf(group.channels / group.units, limits, whole);
  if (kept - 1 < Math.max(1, floors.minChannels)) return 'min_channels';
  return kept - 1 < floors.maxRatio ? 'max_ratio' : 'round';
}

function inWords(
  { group, scores, counts, rule }: Ranked,
  kept: number,
  limit: Limit,
  { criterion, options, curves }: Explained,
  i: number,
): string {
  const gone = group.units - kept;
  const reasons: string[] = [];
  if (rule.ratio !== undefined)
    reasons.push(`ratio ${rule.ratio} by layers: ${rule.patterns.join(', ')}`);
  if (gone > 0) {
    const [last, first] = [scores[gone - 1], scores[gone]].map((score) => score.toPrecision(3));
    reasons.push(`${criterion.id}: last cut scores ${last}, first kept ${first}`);
  } else {
    reasons.push(
      counts.length === 1
        ? 'at its floor already'
        : curves[i]
          ? 'every step loses more than what went elsewhere'
          : `${criterion.id}: every unit scores higher than what went elsewhere`,
    );
  }
  if (curves[i] && counts.length > 1) {
    reasons.push(`loses ${lossAt(curves[i], kept).toPrecision(2)} ${options.curve_loss} alone`);
  }
  if (gone > 0 && limit !== 'amount' && limit !== 'ratio') {
    reasons.push(`floor reached (${limit})`);
  }
  if (!group.exact && group.reason) reasons.push(group.reason);
  return reasons.join('; ');
}

function inFigures(
  ranked: readonly Ranked[],
  kept: readonly number[],
  i: number,
  limit: Limit,
  { criterion, options, model, curves }: Explained,
): Why {
  const { group, raw, scores } = ranked[i];
  const gone = group.units - kept[i];
  const saved = (quantity: Quantity): number | null => {
    const cost = model.of(quantity);
    const whole = cost(ranked.map((each) => each.group.units));
    return whole === 0 ? null : (cost(kept.with(i, group.units)) - cost(kept)) / whole;
  };
  return {
    limit,
    criterion: criterion.id,
    normalization: normalizationOf(criterion, options),
    raw_scores: [raw[0], raw[raw.length - 1]],
    scores: [scores[0], scores[scores.length - 1]],
    last_cut: gone > 0 ? scores[gone - 1] : null,
    first_kept: scores[gone],
    macs_saved: saved('macs'),
    ...(options.latency === undefined ? {} : { latency_saved: saved('latency') }),
    ...(curves[i] ? { loss: lossAt(curves[i], kept[i]), curve: curves[i] } : {}),
  };
}
