/** Scores the groups that may be cut, by the criterion that was asked for or by the best at hand. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { Criterion } from '../../criteria/criterion';
import { criteria } from '../../criteria/index';
import { scoreGroups, type GroupScores } from '../../criteria/score';
import { CoppiceError, type Issue } from '../../ir/issue';
import type { PassContext } from '../pass';
import type { PruneOptions } from './options';
import { eligibleGroups } from './rank';

export interface Judgement {
  readonly criterion: Criterion;
  readonly judged: GroupScores;
  readonly issues: readonly Issue[];
}

/** What `auto` stands for where there is data that fits, and where there is not. */
const onData = 'contribution';
const onWeights = 'fpgm';

/** @throws CoppiceError `no-calibration` or `feeds` where a criterion was named that needs data. */
export async function judge(
  analysis: ChannelAnalysis,
  options: PruneOptions,
  context: PassContext,
): Promise<Judgement> {
  if (options.criterion !== 'auto') return judgeBy(options.criterion, analysis, options, context);
  if (!context.runtime || !context.calibration) {
    return judgeBy(onWeights, analysis, options, context);
  }
  try {
    return await judgeBy(onData, analysis, options, context);
  } catch (error) {
    if (!(error instanceof CoppiceError) || error.code !== 'feeds') throw error;
    const message = `Channels are judged by their weights alone (${onWeights}): ${error.message}`;
    const judgement = await judgeBy(onWeights, analysis, options, context);
    return { ...judgement, issues: [{ severity: 'warning', code: 'data-unused', message }] };
  }
}

async function judgeBy(
  id: string,
  analysis: ChannelAnalysis,
  options: PruneOptions,
  { runtime, calibration, signal, seed, progress }: PassContext,
): Promise<Judgement> {
  const criterion = criteria.find((each) => each.id === id)!;
  const message = `ranking channels by ${id}`;
  progress({ message });
  const observe = runtime &&
    calibration && {
      runtime,
      calibration: calibration.sample(Math.min(options.scored_samples, calibration.samples), seed),
      signal,
      progress: (fraction: number) => progress({ message, fraction: fraction / 2 }),
    };
  const groups = eligibleGroups(analysis, options);
  const judged = await scoreGroups(analysis, groups, criterion, { ...options, seed }, observe);
  return { criterion, judged, issues: indifferent(criterion, judged) };
}

/** A warning where no unit of any group stands out. */
function indifferent({ id }: Criterion, { scores }: GroupScores): Issue[] {
  const isFlat = (each: Float64Array) => each.every((score) => score === each[0]);
  if (scores.size === 0 || ![...scores.values()].every(isFlat)) return [];
  const another = id === onData ? onWeights : onData;
  const message = `The criterion \`${id}\` gives all channels of each group the same score, so that it tells none of them apart: what goes is as good as random. Take another one, such as ${another}.`;
  return [{ severity: 'warning', code: 'equal-scores', message }];
}
