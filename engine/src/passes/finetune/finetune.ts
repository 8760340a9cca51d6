/**
 * Fine-tuning: trains what a pruned, decomposed or otherwise changed model has left, with the labels
 * or with what the original says of the same images, or both (Hinton et al., arXiv 1503.02531).
 */

import picomatch from 'picomatch';
import type { Dataset } from '../../data/dataset';
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
import { isTrainable, type ExtraParameter } from '../../train/parameters';
import { schedules } from '../../train/schedules';
import { fittedBatch, usualBatch } from '../../train/batch-size';
import { train, type TrainOptions } from '../../train/train';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { amountsOf } from './augmentation-options';
import { lessonsOf } from './lessons';
import { finetuneOptions, teachersOf, type FinetuneOptions } from './options';

export const finetune: Pass<FinetuneOptions> = {
  id: 'finetune',
  title: 'Fine-tuning',
  doc: 'Trains the model for some epochs, with labels or with the original as its teacher, or both. Needs training data; without labels the original teaches alone.',
  options: finetuneOptions,
  reads: teachersOf,
  refuse: (model) =>
    isTrainable(model)
      ? undefined
      : 'It has no float32 weights that could be trained: fine-tune before quantizing.',
  run: (model, options, context) => tune(model, options, context),
};

/** What a pass adds to a training. */
export interface Additions {
  /** What is trained besides the layers. */
  readonly extra?: readonly ExtraParameter[];
  /** Constants that are no parameters although layers read them. */
  readonly settings?: ReadonlySet<string>;
  /** Losses that do not depend on what the model is to learn. */
  readonly penalties?: TrainOptions['losses'];
  /** The model with the same values where layers can be found, if they cannot in the one that is trained. */
  readonly legible?: Model;
}

export async function tune(
  model: Model,
  options: FinetuneOptions,
  context: PassContext,
  { extra = [], settings, penalties = [], legible = model }: Additions = {},
): Promise<PassResult> {
  const { runtime, calibration, signal, progress } = context;
  if (!runtime || !calibration) {
    throw new CoppiceError('no-data', 'Fine-tuning needs data: give it in the recipe, or --data.');
  }
  const seed = options.seed ?? context.seed;
  const { losses, teacher, sources } = lessonsOf(legible, options, context, seed);
  const samples = Math.min(options.samples ?? calibration.samples, calibration.samples);
  const heldOut = heldOutOf(options, context, seed);
  const fixed = {
    ...plainOptions(options),
    extra,
    settings,
    sampleShapes: calibration,
    losses: [...losses, ...penalties],
    labelOffset: context.labelOffset ?? 0,
  };
  const most = Math.min(options.batch ?? usualBatch, samples);
  const fitted = options.batch
    ? { batch: most, issues: [] }
    : fittedBatch(model, { ...fixed, teacher }, most);
  const trainOptions: TrainOptions = { ...fixed, batch: fitted.batch };
  const {
    model: tuned,
    curve,
    issues,
  } = await train(model, trainOptions, {
    runtime,
    data: calibration.sample(samples, seed),
    heldOut,
    teacher,
    seed,
    signal,
    checkpoints: context.checkpoints,
    checkpointSeconds: options.checkpoint,
    say: (message) => progress({ message }),
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
    issues: [...fitted.issues, ...issues, accountOf(options, samples, fitted.batch, sources)],
  };
}

function plainOptions(options: FinetuneOptions) {
  const { epochs, rate, momentum, nesterov, decay, clip, smoothing, statistics } = options;
  const { average, keep, accelerator } = options;
  return {
    epochs,
    accelerator,
    keep,
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

/** Undefined where there is nothing to count with. */
function heldOutOf(
  { held_out: most, keep }: FinetuneOptions,
  { validation }: PassContext,
  seed: number,
): Dataset | undefined {
  if (validation?.labelled && most > 0) {
    return validation.sample(Math.min(most, validation.samples), seed);
  }
  if (keep === 'last') return undefined;
  throw new CoppiceError(
    'no-held-out',
    'keep: best needs labelled samples that are not trained on: give validation data, and held_out above 0.',
  );
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
  const { epoch, loss, accuracy, rate, heldOut } = figures;
  return {
    subject: `epoch ${epoch}`,
    layers: [],
    counts: 'loss',
    before: rounded(first.loss),
    after: rounded(loss),
    reason: [
      ...(accuracy === null ? [] : [`${percent(accuracy)} of the training images right`]),
      ...(heldOut === undefined ? [] : [`${percent(heldOut)} of those held out`]),
    ].join(', '),
    why: { loss: rounded(loss), accuracy, rate, ...(heldOut === undefined ? {} : { heldOut }) },
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function rounded(loss: number): number {
  return Number(loss.toPrecision(4));
}

/** What was done, so that a reader of the report could do it again. */
function accountOf(
  options: FinetuneOptions,
  samples: number,
  batch: number,
  sources: readonly string[],
): Issue {
  return {
    severity: 'information',
    code: 'fine-tuned',
    message: `Trained for ${options.epochs} epochs on ${samples} samples in batches of ${batch} by ${options.optimizer}, rate ${options.rate} (${options.schedule}), from ${sources.join(' and ')}.`,
  };
}
