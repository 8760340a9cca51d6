/**
 * Fine-tuning: trains what a pruned, decomposed or otherwise changed model has left, with the labels
 * or with what the original says of the same images, or both (Hinton et al., arXiv 1503.02531).
 */

import picomatch from 'picomatch';
import { CoppiceError, type Issue } from '../../ir/issue';
import { isAbort } from '../../ir/cancellation';
import type { Model } from '../../ir/model';
import {
  recent,
  type EpochPoint,
  type TrainingCurve,
  type TrainingFigures,
} from '../../train/curve';
import { optimizers } from '../../train/optimizers';
import { parametersOf, type ExtraParameter } from '../../train/parameters';
import { schedules } from '../../train/schedules';
import { train, type TrainOptions } from '../../train/train';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { amountsOf } from './augmentation-options';
import { lessonsOf } from './lessons';
import { finetuneOptions, type FinetuneOptions } from './options';

export const finetune: Pass<FinetuneOptions> = {
  id: 'finetune',
  title: 'Fine-tuning',
  doc: 'Trains the model for some epochs, with labels or with the original as its teacher, or both. Needs training data; without labels the original teaches alone.',
  options: finetuneOptions,
  refuse: (model) =>
    parametersOf(model, () => true).length === 0
      ? 'It has no float32 weights that could be trained: fine-tune before quantizing.'
      : undefined,
  run: (model, options, context) => tune(model, options, context),
};

/**
 * @param extra what is trained besides the layers.
 * @param penalties losses that do not depend on what the model is to learn.
 */
export async function tune(
  model: Model,
  options: FinetuneOptions,
  context: PassContext,
  extra: readonly ExtraParameter[] = [],
  penalties: TrainOptions['losses'] = [],
): Promise<PassResult> {
  const { runtime, calibration, signal, progress } = context;
  if (!runtime || !calibration) {
    throw new CoppiceError('no-data', 'Fine-tuning needs data: give it in the recipe, or --data.');
  }
  const seed = options.seed ?? context.seed;
  const { losses, teacher, sources } = lessonsOf(model, options, context, seed);
  const samples = Math.min(options.samples ?? calibration.samples, calibration.samples);
  const trainOptions: TrainOptions = {
    ...plainOptions(options),
    extra,
    batch: Math.min(options.batch, samples),
    losses: [...losses, ...penalties],
    labelOffset: context.labelOffset ?? 0,
  };
  const {
    model: tuned,
    curve,
    issues,
  } = await train(model, trainOptions, {
    runtime,
    data: calibration.sample(samples, seed),
    teacher,
    seed,
    signal,
    checkpoints: context.checkpoints,
    checkpointSeconds: options.checkpoint,
    progress: (figures, curve) =>
      progress({
        message: messageOf(figures, curve),
        fraction: figures.step / figures.steps,
        training: { figures, curve },
      }),
  }).catch((error: unknown) => {
    if (isAbort(error) || error instanceof CoppiceError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new CoppiceError('training', `Training stopped: ${cause}`, { cause: error });
  });
  return {
    model: tuned,
    changed: true,
    notes: curve.epochs.map((epoch) => noteOf(epoch, curve.epochs[0])),
    curves: [curve],
    issues: [...issues, accountOf(options, samples, sources)],
  };
}

function plainOptions(options: FinetuneOptions) {
  const { epochs, batch, rate, momentum, nesterov, decay, clip, smoothing, statistics } = options;
  const { average } = options;
  return {
    epochs,
    batch,
    rate,
    clip,
    average,
    smoothing,
    statistics,
    warmUp: options.warm_up,
    schedule: schedules.find(({ id }) => id === options.schedule)!,
    optimizer: optimizers.find(({ id }) => id === options.optimizer)!,
    optimizerOptions: { momentum, nesterov, decay },
    augmentation: amountsOf(options),
    trained: layerFilter(options.layers),
  };
}

/** Later globs win; `!` before one takes layers out. */
function layerFilter(globs: readonly string[]): (layer: string) => boolean {
  const rules = globs.map((glob) => ({
    takes: !glob.startsWith('!'),
    matches: picomatch(glob.replace(/^!/, ''), { dot: true, bash: true }),
  }));
  return (layer) => rules.findLast(({ matches }) => matches(layer))?.takes ?? false;
}

function messageOf({ epoch, epochs }: TrainingFigures, curve: TrainingCurve): string {
  const { loss, accuracy } = recent(curve);
  const right = accuracy === null ? '' : `, ${(accuracy * 100).toFixed(1)} % right`;
  return `epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}${right}`;
}

function noteOf(figures: EpochPoint, first: EpochPoint): PassNote {
  const { epoch, loss, accuracy, rate } = figures;
  return {
    subject: `epoch ${epoch}`,
    layers: [],
    counts: 'loss',
    before: rounded(first.loss),
    after: rounded(loss),
    reason:
      accuracy === null ? '' : `${(accuracy * 100).toFixed(1)} % of the training images right`,
    why: { loss: rounded(loss), accuracy, rate },
  };
}

function rounded(loss: number): number {
  return Number(loss.toPrecision(4));
}

/** What was done, so that a reader of the report could do it again. */
function accountOf(options: FinetuneOptions, samples: number, sources: readonly string[]): Issue {
  return {
    severity: 'information',
    code: 'fine-tuned',
    message: `Trained for ${options.epochs} epochs on ${samples} samples in batches of ${options.batch} by ${options.optimizer}, rate ${options.rate} (${options.schedule}), from ${sources.join(' and ')}.`,
  };
}
