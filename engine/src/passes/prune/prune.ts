/** Channel pruning: ranks channels, cuts the least important ones, and recovers without training. */

import { analyzeChannels, type ChannelAnalysis } from '../../channels/analyze';
import { cutChannels } from '../../channels/cut';
import { criteria } from '../../criteria/index';
import { scoreGroups } from '../../criteria/score';
import type { Model } from '../../ir/model';
import { CoppiceError, type Issue } from '../../ir/issue';
import type { Pass, PassContext, PassResult } from '../pass';
import type { Kept } from '../recovery/original';
import { reconstruct } from '../recovery/reconstruct';
import { pruneOptions, type PruneOptions } from './options';
import { planCuts, type PrunePlan } from './plan';
import { eligibleGroups } from './rank';
import { compareMasked } from './verify';

export const prune: Pass<PruneOptions> = {
  id: 'prune',
  title: 'Channel pruning',
  doc: 'Removes whole channels, the least important first, from every layer where that is possible, so that the model gets smaller and faster on any runtime. With calibration data the layers behind a cut are then corrected by least squares, without training.',
  options: pruneOptions,
  refuse,
  run,
};

function refuse(model: Model): string | undefined {
  const { groups } = analyzeChannels(model);
  if (groups.length === 0) return 'It has no layer whose channels Coppice can tell apart.';
  if (groups.some(({ pinned }) => !pinned)) return undefined;
  const reasons = new Set(groups.map(({ reason }) => reason ?? 'pinned'));
  return `None of its channels can be cut: ${[...reasons].slice(0, 3).join('; ')}.`;
}

async function run(model: Model, options: PruneOptions, context: PassContext): Promise<PassResult> {
  const { signal } = context;
  signal.throwIfAborted();
  const seed = options.seed ?? context.seed;
  const analysis = analyzeChannels(model);
  const plan = await rankAndPlan(analysis, options, { ...context, seed });
  const { notes } = plan;
  if (plan.cuts.size === 0)
    return { model, changed: false, notes, issues: [...plan.issues, nothingCut()] };
  const cut = cutChannels(analysis, plan.cuts);
  context.progress({ message: 'comparing the cut model with the masked original' });
  const maskedError = await compareMasked(analysis, cut, plan.cuts, { ...context, seed });
  const recovered = await recover(analysis, cut, plan, options, { ...context, seed });
  return {
    model: recovered.model,
    changed: true,
    notes,
    issues: [...plan.issues, ...recovered.issues],
    maskedError,
  };
}

async function rankAndPlan(
  analysis: ChannelAnalysis,
  options: PruneOptions,
  { runtime, calibration, signal, seed, progress }: PassContext,
): Promise<PrunePlan> {
  const criterion = criteria.find(({ id }) => id === options.criterion)!;
  const message = `ranking channels by ${criterion.id}`;
  const observe = runtime &&
    calibration && {
      runtime,
      calibration: calibration.sample(Math.min(options.images, calibration.samples), seed),
      signal,
      progress: (fraction: number) => progress({ message, fraction: fraction / 2 }),
    };
  progress({ message });
  const groups = eligibleGroups(analysis, options);
  const judged = await scoreGroups(analysis, groups, criterion, { ...options, seed }, observe);
  return planCuts(analysis, criterion, judged, options);
}

async function recover(
  analysis: ChannelAnalysis,
  cut: Model,
  plan: PrunePlan,
  options: PruneOptions,
  context: PassContext,
): Promise<{ model: Model; issues: Issue[] }> {
  const { runtime, calibration } = context;
  if (options.recover === 'none') return { model: cut, issues: [] };
  if (!runtime || !calibration) {
    return { model: cut, issues: options.recover === 'auto' ? [] : [noCalibration()] };
  }
  const samples = Math.min(options.samples, calibration.samples);
  const data = calibration.sample(samples, context.seed);
  try {
    const { model } = await reconstruct(analysis.model, cut, keptBy(analysis, plan), {
      ...context,
      runtime,
      calibration: data,
    });
    return { model, issues: [] };
  } catch (error) {
    // Data that does not fit the model is no reason to lose the pruned model, unless it was asked for.
    if (!(error instanceof CoppiceError) || error.code !== 'feeds' || options.recover !== 'auto') {
      throw error;
    }
    const message = `Nothing was recovered: ${error.message}`;
    return { model: cut, issues: [{ severity: 'warning', code: 'no-recovery', message }] };
  }
}

/** Which indices of an axis of an initializer the plan keeps. */
function keptBy({ groups }: ChannelAnalysis, { cuts }: PrunePlan): Kept {
  const cutting = groups.filter(({ id }) => cuts.has(id));
  return (tensor, axis) => {
    const gone = new Set<number>();
    let extent = 0;
    for (const { id, members } of cutting) {
      const units = new Set(cuts.get(id));
      for (const member of members) {
        if (member.tensor !== tensor || member.axis !== axis) continue;
        extent = member.units.length;
        member.units.forEach((unit, i) => units.has(unit) && gone.add(i));
      }
    }
    if (gone.size === 0) return undefined;
    return Array.from({ length: extent }, (_, i) => i).filter((i) => !gone.has(i));
  };
}

function nothingCut(): Issue {
  return {
    severity: 'warning',
    code: 'nothing-cut',
    message: 'No channel was cut; the notes say why for each channel group.',
  };
}

function noCalibration(): Issue {
  return {
    severity: 'warning',
    code: 'no-calibration',
    message:
      'Recovery was asked for, but it needs calibration data and a runtime: give data, or recover: none.',
  };
}
