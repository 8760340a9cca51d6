/** Channel pruning: ranks channels, cuts the least important ones, and recovers without training. */

import { analyzeChannels } from '../../channels/analyze';
import type { Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { teachersOf } from '../finetune/options';
import { requireEstimates } from '../latency-goal';
import type { Pass, PassContext } from '../pass';
import { blockOf } from './alignment';
import { pruneOptions, type PruneOptions } from './options';
import { pruneInRounds, type PruneOutcome } from './rounds';

export const prune: Pass<PruneOptions> = {
  id: 'prune',
  title: 'Channel pruning',
  doc: 'Removes whole channels, the least important first, from every layer where that is possible, so that the model gets smaller and faster on any runtime. With calibration data the layers behind a cut are then corrected by least squares, without training.',
  options: pruneOptions,
  reads: ({ finetune, sparsity_training }) => teachersOf(finetune, sparsity_training),
  needsDevice: ({ latency }) => (latency === undefined ? undefined : 'latency'),
  refuse,
  plan: (model, options, context) => begin(model, options, context, true),
  run: (model, options, context) => begin(model, options, context, false),
};

function refuse(model: Model): string | undefined {
  const { groups } = analyzeChannels(model);
  if (groups.length === 0) return 'It has no layer whose channels Coppice can tell apart.';
  if (groups.some(({ pinned }) => !pinned)) return undefined;
  const reasons = new Set(groups.map(({ reason }) => reason ?? 'pinned'));
  return `None of its channels can be cut: ${[...reasons].slice(0, 3).join('; ')}.`;
}

async function begin(
  model: Model,
  options: PruneOptions,
  context: PassContext,
  planOnly: boolean,
): Promise<PruneOutcome> {
  context.signal.throwIfAborted();
  if (options.latency !== undefined) requireEstimates(context.device);
  const seed = options.seed ?? context.seed;
  const round = options.round ?? blockOf(context.device);
  const outcome = await pruneInRounds(model, { ...options, round }, { ...context, seed }, planOnly);
  const isRounded = outcome.changed && options.round === undefined && round > 1;
  return isRounded ? { ...outcome, issues: [...outcome.issues, rounded(round, context)] } : outcome;
}

function rounded(round: number, { device }: PassContext): Issue {
  return {
    severity: 'information',
    code: 'rounded',
    message: `Channel counts are multiples of ${round}, which ${device!.device.name} computes at once; round: 1 allows any.`,
  };
}
