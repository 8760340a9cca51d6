/**
 * What the steps of an epoch are fed, prepared beside the step before: samples decoded and changed at
 * random, their targets, and what the teacher makes of them.
 */

import { ahead, nextTurn } from '../data/ahead';
import type { Batch, Dataset } from '../data/dataset';
import { CoppiceError } from '../ir/issue';
import type { Feeder } from '../runtime/feeds';
import type { Feeds, NamedTensor, SessionInput } from '../runtime/runtime';
import { augment, type Amounts } from './augment/augment';
import type { Mixture } from './augment/augmentation';
import type { Random } from '../linalg/random';
import { streamOf } from './streams';
import type { Mask } from './tape';
import type { Teacher } from './teacher';
import { taughtValue } from './write-losses';

export interface Preparation {
  readonly data: Dataset;
  /** Of the inputs that the model has. */
  readonly feeder: Feeder;
  /** Inputs of the step besides them. */
  readonly inputs: readonly SessionInput[];
  /** Inputs that dropout reads. */
  readonly masks: readonly Mask[];
  readonly teacher?: Teacher;
  readonly augmentation: Amounts;
  readonly batch: number;
  /** Whole batches in an epoch. */
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** Share of each target that is spread over all classes. */
  readonly smoothing: number;
  readonly labelOffset: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface PreparedStep {
  /** Counted over all epochs, from 0. */
  readonly step: number;
  readonly feeds: Feeds;
  readonly answers?: Answers;
}

/** The class of each sample, as an output; where images were mixed, that of the other one, too. */
export interface Answers {
  readonly classes: readonly number[];
  readonly mixture?: Mixture;
}

/** The steps of an epoch from step `at` on; those before it are not prepared. */
export function preparedSteps(
  preparation: Preparation,
  epoch: number,
  at: number,
): AsyncGenerator<PreparedStep> {
  return ahead(prepare(preparation, epoch, at));
}

async function* prepare(
  preparation: Preparation,
  epoch: number,
  at: number,
): AsyncGenerator<PreparedStep> {
  const { data, batch, seed, signal, stepsPerEpoch } = preparation;
  const rest = data.sample(data.samples, seed + epoch).skip(at * batch);
  let step = epoch * stepsPerEpoch + at;
  for await (const samples of rest.batches(batch, signal)) {
    if (step === (epoch + 1) * stepsPerEpoch) break;
    await nextTurn();
    yield await prepareStep(preparation, samples, step++);
  }
}

async function prepareStep(
  preparation: Preparation,
  samples: Batch,
  step: number,
): Promise<PreparedStep> {
  const { inputs, teacher, data, augmentation, seed, signal, labelOffset } = preparation;
  const changed = augment(samples, data.images, augmentation, seed, step);
  const batch = { ...samples, data: changed.data };
  const answers = samples.labels && {
    classes: Array.from(samples.labels, (label) => label + labelOffset),
    mixture: changed.mixture,
  };
  const taught = await teacher?.ask(batch, signal);
  const feeds: Record<string, NamedTensor> = { ...preparation.feeder.feeds(batch) };
  const dropping = streamOf(seed, step, 'dropout');
  for (const { name, dims } of inputs) {
    const mask = preparation.masks.find((each) => each.name === name);
    const value = taughtValue(name);
    if (mask) feeds[name] = maskOf(mask, dims.map(Number), dropping);
    else if (value !== undefined) feeds[name] = { ...taught![value], dims: dims.map(Number) };
    else if (name === '@targets') feeds[name] = targetsOf(answers, dims.map(Number), preparation);
    else if (name === '@progress') feeds[name] = scalar(step / stepsOf(preparation));
    else if (name === '@step') feeds[name] = scalar(step + 1);
  }
  return { step, feeds, answers };
}

export function stepsOf({ epochs, stepsPerEpoch }: Preparation): number {
  return epochs * stepsPerEpoch;
}

export function scalar(value: number): NamedTensor {
  return { type: 'float', dims: [], data: Float32Array.of(value) };
}

function maskOf({ ratio }: Mask, dims: readonly number[], random: Random): NamedTensor {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  for (let i = 0; i < data.length; i++) data[i] = random.uniform() < ratio ? 0 : 1 / (1 - ratio);
  return { type: 'float', dims, data };
}

/** Class shares, [N, classes]. */
function targetsOf(
  answers: Answers | undefined,
  dims: readonly number[],
  { smoothing }: Preparation,
): NamedTensor {
  if (!answers) {
    throw new CoppiceError(
      'no-labels',
      'The data has no labels, which cross-entropy needs: train with soft labels of a teacher alone.',
    );
  }
  const [count, classes] = dims;
  const data = new Float32Array(count * classes).fill(smoothing / classes);
  for (let n = 0; n < count; n++) {
    for (const [label, share] of sharesOf(answers, n)) {
      data[n * classes + label] += (1 - smoothing) * share;
    }
  }
  return { type: 'float', dims, data };
}

/** How many samples are right: a mixed one by the share of the class that was found. */
export function countRight({ data, dims }: NamedTensor, answers: Answers): number {
  const classes = dims[1];
  return answers.classes.reduce((count, _, n) => {
    const own = Array.from(data.subarray(n * classes, (n + 1) * classes) as Float32Array);
    const found = own.indexOf(Math.max(...own));
    const shares = sharesOf(answers, n).filter(([label]) => label === found);
    return shares.reduce((sum, [, share]) => sum + share, count);
  }, 0);
}

function sharesOf({ classes, mixture }: Answers, n: number): [label: number, share: number][] {
  if (!mixture) return [[classes[n], 1]];
  const { share, partner } = mixture;
  return [
    [classes[n], share],
    [classes[partner[n]], 1 - share],
  ];
}
