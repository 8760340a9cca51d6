/**
 * How good a model is on a dataset: accuracy where there are labels. A prediction counts only when
 * the true class scores strictly highest; ties and NaN are wrong.
 */

import type { Batch, Dataset } from '../data/dataset';
import type { TypedArray } from '../ir/data-type';
import { CoppiceError, type Issue } from '../ir/issue';
import { feederFor, type FeedOptions } from './feeds';
import type { NamedTensor, Session } from './runtime';

export interface EvaluationOptions extends FeedOptions {
  /** The output that holds the scores. Default: the first one. */
  readonly output?: string;
  readonly signal?: AbortSignal;
  /** Called after every batch with the samples done. */
  progress?(done: number, total: number): void;
}

export interface AccuracyOptions extends EvaluationOptions {
  /**
   * Class k is output k + `labelOffset`. Networks with a background class at output 0 need 1.
   * Default: 0.
   */
  readonly labelOffset?: number;
}

export interface Accuracy {
  readonly samples: number;
  /** Samples whose true class scores strictly highest. */
  readonly correct: number;
  /** Share of them, 0 … 1. */
  readonly top1: number;
  /** Share of samples with fewer than five classes that score as high as the true one. */
  readonly top5: number;
  /** Of `top1`: √(p (1 − p) / n). */
  readonly standardError: number;
  /** Wilson score interval of `top1` at 95 %. */
  readonly interval: readonly [number, number];
  readonly seconds: number;
  /** For example that the labels seem to be shifted against the outputs. */
  readonly issues: readonly Issue[];
}

/** @throws CoppiceError when the data has no labels or does not fit the model. */
export async function evaluateAccuracy(
  session: Session,
  dataset: Dataset,
  options: AccuracyOptions = {},
): Promise<Accuracy> {
  if (!dataset.labelled) {
    throw new CoppiceError(
      'data-unlabelled',
      `${dataset.path}: accuracy needs labels, and this data has none. Use an .npz with labels, a ` +
        'folder per class or a CSV manifest; or compare with a reference model, which needs none.',
    );
  }
  const start = performance.now();
  const offset = options.labelOffset ?? 0;
  const tally = new Tally();
  const shifted = new Tally();
  let classes = 0;
  await runBatches([session], dataset, options, ([scores], batch) => {
    classes = scores.data.length / scores.dims[0];
    batch.labels!.forEach((label, i) => {
      const row = scores.data.subarray(i * classes, (i + 1) * classes);
      checkLabel(session, dataset, label, offset, classes);
      tally.count(row, label + offset);
      if (label + offset + 1 < classes) shifted.count(row, label + offset + 1);
    });
  });
  const issues = offset === 0 ? shiftIssues(tally, shifted, classes) : [];
  return { ...tally.result(), seconds: (performance.now() - start) / 1000, issues };
}

/**
 * Runs sessions over a dataset, each on the same batches, and hands over their chosen outputs, cut
 * to the samples of the batch. The next batch is prepared while the models run.
 */
export async function runBatches(
  sessions: readonly Session[],
  dataset: Dataset,
  options: EvaluationOptions,
  visit: (outputs: readonly NamedTensor[], batch: Batch) => void,
): Promise<void> {
  const batchSize = Math.min(
    ...sessions.map((session) => feederFor(session, dataset, options).batchSize),
  );
  const feeders = sessions.map((session) => feederFor(session, dataset, { ...options, batchSize }));
  let done = 0;
  for await (const batch of dataset.batches(batchSize, options.signal)) {
    const outputs = await Promise.all(
      sessions.map(async (session, i) => {
        const name = options.output ?? session.outputs[0];
        const results = await session.run(feeders[i].feeds(batch), [name], options.signal);
        return cutToBatch(session, results[name], batch.dims[0]);
      }),
    );
    visit(outputs, batch);
    done += batch.dims[0];
    options.progress?.(done, dataset.samples);
  }
}

function cutToBatch(session: Session, tensor: NamedTensor, samples: number): NamedTensor {
  const [rows, ...rest] = tensor.dims;
  if (rows === samples) return tensor;
  if (!(rows > samples)) {
    throw new CoppiceError(
      'output-shape',
      `${session.label}: its output has the shape [${tensor.dims.join(', ')}] for ${samples} ` +
        'samples; the first dimension should count them. Choose another output.',
    );
  }
  const data = tensor.data.subarray(0, (tensor.data.length / rows) * samples);
  return { ...tensor, dims: [samples, ...rest], data };
}

function checkLabel(
  session: Session,
  dataset: Dataset,
  label: number,
  offset: number,
  classes: number,
): void {
  if (label + offset >= 0 && label + offset < classes) return;
  throw new CoppiceError(
    'label-range',
    `${dataset.path}: the label ${label}${offset ? ` with offset ${offset}` : ''} is not among the ` +
      `${classes} classes of ${session.label}.`,
  );
}

/** Counts predictions. */
class Tally {
  samples = 0;
  correct = 0;
  private correct5 = 0;

  count(scores: TypedArray, truth: number): void {
    this.samples++;
    const rank = rankOf(scores, truth);
    if (rank === 0) this.correct++;
    if (rank < 5) this.correct5++;
  }

  result(): Omit<Accuracy, 'seconds' | 'issues'> {
    const { samples, correct } = this;
    const top1 = correct / samples;
    const standardError = Math.sqrt((top1 * (1 - top1)) / samples);
    const interval = wilson(top1, samples);
    return { samples, correct, top1, top5: this.correct5 / samples, standardError, interval };
  }
}

/** How many other classes score as high as the true one or higher; NaN is never lower. */
function rankOf(scores: TypedArray, truth: number): number {
  const score = scores[truth];
  if (Number.isNaN(score)) return Infinity;
  let rank = 0;
  for (let i = 0; i < scores.length; i++) if (i !== truth && !(scores[i] < score)) rank++;
  return rank;
}

/** E. B. Wilson, 1927: an interval for a share that stays sensible near 0 and 1. */
function wilson(share: number, samples: number): [number, number] {
  const z = 1.959964;
  const centre = share + z ** 2 / (2 * samples);
  const spread = z * Math.sqrt((share * (1 - share)) / samples + (z / (2 * samples)) ** 2);
  const whole = 1 + z ** 2 / samples;
  return [Math.max(0, (centre - spread) / whole), Math.min(1, (centre + spread) / whole)];
}

/** Says when the next output would be right far more often: the model has a background class. */
function shiftIssues(tally: Tally, shifted: Tally, classes: number): Issue[] {
  const chance = tally.samples / classes;
  if (shifted.correct <= 2 * tally.correct + 5 * Math.sqrt(chance) + 5) return [];
  const percent = (correct: number): string => ((100 * correct) / tally.samples).toFixed(1);
  return [
    {
      severity: 'warning',
      code: 'label-offset',
      message:
        `Top-1 is ${percent(tally.correct)} %, but would be ${percent(shifted.correct)} % if class k ` +
        `were output k + 1 of the ${classes}: the first output seems to be a background class. ` +
        'Give a label offset of 1.',
    },
  ];
}
