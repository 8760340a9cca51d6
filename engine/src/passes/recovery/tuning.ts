/** Fine-tuning as the last part of a pass's recovery: what least squares left is trained away. */

import { z } from 'zod';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { tune } from '../finetune/finetune';
import { finetuneOptions } from '../finetune/options';
import { titled, type Tuned } from '../finetune/titled';
import type { PassContext } from '../pass';

/** Options of passes that can recover from what they did. */
export const recoveryOptions = {
  recover: z
    .enum(['auto', 'none', 'reconstruct', 'finetune'])
    .default('auto')
    .describe(
      'What is done about the loss: `reconstruct` corrects layers by least squares, without training, and `auto` does so where there is calibration data; `finetune` then trains, too.',
    ),
  finetune: finetuneOptions
    .optional()
    .describe(
      'How `recover: finetune` trains, with the options of `finetune`; the epochs of all rounds together.',
    ),
};

/** Whatever else a pass can do to recover. */
interface AskedTuning {
  readonly recover: string;
  readonly finetune?: object;
}

export interface TuningOptions extends AskedTuning {
  readonly recover: z.infer<(typeof recoveryOptions)['recover']>;
  readonly finetune?: z.infer<typeof finetuneOptions>;
}

/** What is wrong with options that belong together; undefined where nothing is. */
export function tuningProblem({ recover, finetune }: AskedTuning): string | undefined {
  if (!finetune || recover === 'finetune') return undefined;
  return 'The options under finetune are only used with recover: finetune.';
}

/** @throws CoppiceError `no-data` where training is asked for and cannot be had. */
export function requireTuning(
  { recover }: AskedTuning,
  { runtime, calibration }: Pick<PassContext, 'runtime' | 'calibration'>,
): void {
  if (recover !== 'finetune' || (runtime && calibration)) return;
  throw new CoppiceError(
    'no-data',
    'recover: finetune trains, so it needs data: give it in the recipe, or --data.',
  );
}

/** Where a training stands in a run of several rounds. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/**
 * Trains a changed model, with `original` as its teacher unless the run knows an earlier one. Each of
 * several rounds takes its share of the epochs, as evenly as whole epochs go; later rounds get more.
 */
export async function tuneAfter(
  original: Model,
  changed: Model,
  { recover, finetune }: TuningOptions,
  context: PassContext,
  part: Part = { number: 1, of: 1 },
): Promise<Tuned> {
  const untouched = { model: changed, notes: [], issues: [], curves: [] };
  if (recover !== 'finetune') return untouched;
  const options = finetune ?? finetuneOptions.parse({});
  const epochs = epochsOf(options.epochs, part);
  if (epochs === 0) return untouched;
  const teacher = { ...context, original: context.original ?? original };
  const title = part.of === 1 ? undefined : `round ${part.number}`;
  return titled(title, teacher, (own) => tune(changed, { ...options, epochs }, own));
}

/** Of all epochs those of one round. */
export function epochsOf(epochs: number, { number, of }: Part): number {
  const until = (rounds: number): number => Math.floor((epochs * rounds) / of);
  return until(number) - until(number - 1);
}
