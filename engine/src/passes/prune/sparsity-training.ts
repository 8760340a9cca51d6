/** Training before the cut that drives the channels to zero that will go, so that the cut costs less. */

import { z } from 'zod';
import type { ChannelGroup } from '../../channels/group';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { Loss } from '../../train/losses/loss';
import { schedules } from '../../train/schedules';
import { groupLasso } from '../../train/sparsity/group-lasso';
import { slimming } from '../../train/sparsity/slimming';
import { zeroFilters } from '../../train/sparsity/zero-filters';
import { tune } from '../finetune/finetune';
import { finetuneOptions } from '../finetune/options';
import { titled, type Tuned } from '../finetune/titled';
import type { PassContext } from '../pass';

const methods = ['group-lasso', 'slimming', 'soft-filter'] as const;

/** How strongly a penalty pulls unless said: small beside the loss at rates around 0.01. */
const strengths = { 'group-lasso': 0.002, slimming: 0.005 };

export const sparsityOptions = finetuneOptions.extend({
  method: z
    .enum(methods)
    .default('group-lasso')
    .describe(
      'group-lasso pulls on all that a channel owns, on the weakest most and more and more; slimming pulls on the scales of BatchNormalization; soft-filter sets the filters that would go to zero after every epoch and lets them grow again.',
    ),
  strength: z
    .number()
    .gt(0)
    .optional()
    .describe(
      `Weight of the penalty. Default: ${strengths['group-lasso']} for group-lasso, ${strengths.slimming} for slimming.`,
    ),
});

export type SparsityOptions = z.infer<typeof sparsityOptions>;

/** What the training goes by. */
export interface Subject {
  readonly model: Model;
  readonly groups: readonly ChannelGroup[];
  /** What would be cut of a model as it is. */
  cutsOf(model: Model): Promise<ReadonlyMap<string, readonly number[]>>;
}

/** @throws CoppiceError `no-data`, or whatever stands in the way of training. */
export async function trainSparse(
  subject: Subject,
  { method, strength, ...options }: SparsityOptions,
  context: PassContext,
): Promise<Tuned> {
  if (!context.runtime || !context.calibration) {
    throw new CoppiceError(
      'no-data',
      'sparsity_training trains, so it needs data: give it in the recipe, or --data.',
    );
  }
  // The model as it is teaches, too: what the penalty bends is to go on saying the same.
  const taught = { ...context, original: { ...(context.original ?? subject.model) } };
  if (method === 'soft-filter') return softly(subject, options, taught);
  const { model, groups } = subject;
  const loss: Loss = method === 'slimming' ? slimming(model, groups) : groupLasso(model, groups);
  const weight = strength ?? strengths[method];
  return titled(`${method} of strength ${weight}`, taught, (own) =>
    tune(model, options, own, { penalties: [{ loss, weight }] }),
  );
}

/**
 * Soft filter pruning: after every epoch the filters that would be cut are set to zero, and trained on.
 * He et al., "Soft Filter Pruning for Accelerating Deep CNNs", IJCAI 2018 (arXiv 1808.06866).
 */
async function softly(
  { model, groups, cutsOf }: Subject,
  options: Omit<SparsityOptions, 'method' | 'strength'>,
  context: PassContext,
): Promise<Tuned> {
  const { factor } = schedules.find(({ id }) => id === options.schedule)!;
  const seed = options.seed ?? context.seed;
  const epochs: Tuned[] = [];
  let current = model;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const own = {
      epochs: 1,
      rate: options.rate * factor(epoch / options.epochs),
      seed: seed + epoch,
    };
    const title = `soft-filter, ${epoch + 1} of ${options.epochs}`;
    const from = current;
    const result = await titled(title, context, (inner) =>
      tune(from, { ...options, ...own, schedule: 'constant' }, inner),
    );
    epochs.push(result);
    current = zeroFilters(result.model, groups, await cutsOf(result.model));
  }
  return {
    model: current,
    notes: epochs.flatMap(({ notes }) => notes),
    issues: epochs.flatMap(({ issues }) => issues),
    curves: epochs.flatMap(({ curves }) => curves),
  };
}
