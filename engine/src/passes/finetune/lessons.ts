/** What a training learns from: its losses with their weights, and the teacher where one is asked. */

import { resolve } from 'node:path';
import type { Dim } from '../../ir/dim';
import { fedInputs } from '../../ir/fed-inputs';
import { inlineFunctions } from '../../ir/inline-functions';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { loadModel } from '../../onnx/load';
import { inferTypes } from '../../ops/infer';
import { featureLosses } from '../../train/losses';
import { crossEntropy } from '../../train/losses/cross-entropy';
import type { FeatureLoss } from '../../train/losses/feature-loss';
import { softLabels } from '../../train/losses/soft-labels';
import { logitsOf } from '../../train/logits';
import type { RecordOptions } from '../../train/record';
import { Taps, type TapPair } from '../../train/taps';
import { defaultPlaces, namedPairs } from '../../train/taps-match';
import type { PassContext } from '../pass';
import type { FinetuneOptions } from './options';

export interface Lessons {
  readonly losses: RecordOptions['losses'];
  /** Undefined where no loss asks. */
  readonly teacher?: Model;
  /** The losses in words, with their weights. */
  readonly sources: readonly string[];
}

/** A loss with its weight and what it is called. */
type Lesson = RecordOptions['losses'][number] & { readonly source: string };

/** @throws CoppiceError where there is nothing to learn from, or teacher and model do not fit. */
export function lessonsOf(
  model: Model,
  options: FinetuneOptions,
  {
    original,
    directory = '.',
    calibration,
  }: Pick<PassContext, 'original' | 'directory' | 'calibration'>,
  seed: number,
): Lessons {
  const named = options.teacher === undefined ? undefined : resolve(directory, options.teacher);
  const teacher = teacherOf(model, named, original);
  if (teacher) requireEqualInputs(model, teacher);
  const { labels, soft } = weightsOf(model, teacher, options, calibration?.labelled ?? false);
  const taught = teacher ? taughtLessons(model, teacher, soft, options, seed) : [];
  if (!teacher && options.features && Object.keys(options.features).length > 0) {
    throw new CoppiceError(
      'no-teacher',
      'The model would be compared with itself: name a teacher, or train behind a step that changes the model.',
    );
  }
  const all: Lesson[] = [
    { loss: crossEntropy, weight: labels, source: `labels (weight ${labels})` },
    ...taught,
  ].filter(({ weight }) => weight > 0);
  if (all.length > 0) {
    const sources = all.map(({ source }) => source);
    return { losses: all, teacher: taught.length > 0 ? teacher : undefined, sources };
  }
  throw new CoppiceError(
    'nothing-to-learn',
    'There are neither labels nor a teacher other than the model itself: give labelled data, or --teacher.',
  );
}

/** Undefined where the model would only teach itself. */
function teacherOf(
  model: Model,
  path: string | undefined,
  original: Model | undefined,
): Model | undefined {
  const teacher = path === undefined ? original : loadModel(path).model;
  return teacher && teacher !== model ? inlineFunctions(teacher).model : undefined;
}

/**
 * Of cross-entropy and soft labels: 1 for one alone, and half of it each for both, so that the rate
 * means the same. Twice as much as one alone costs five points at a rate that suits one.
 */
function weightsOf(
  model: Model,
  teacher: Model | undefined,
  { cross_entropy, distill, features }: FinetuneOptions,
  isLabelled: boolean,
): { labels: number; soft: number } {
  const [own, theirs] = [model, teacher].map((each) => each && classesOf(each));
  // A single score says nothing as a share of classes, so that features teach alone.
  const hasShares = own !== 1 || features === undefined;
  const canTeach = teacher !== undefined && (own ?? theirs) === (theirs ?? own) && hasShares;
  const hasLabels = cross_entropy === undefined ? isLabelled : cross_entropy > 0;
  const hasSoft = distill === undefined ? canTeach : distill > 0 && teacher !== undefined;
  return {
    labels: hasLabels ? (cross_entropy ?? (hasSoft ? 0.5 : 1)) : 0,
    soft: hasSoft ? (distill ?? (hasLabels ? 0.5 : 1)) : 0,
  };
}

function taughtLessons(
  model: Model,
  teacher: Model,
  weight: number,
  { temperature, features = {} }: FinetuneOptions,
  seed: number,
): Lesson[] {
  const source = `what the teacher says (weight ${weight}, temperature ${temperature})`;
  return [
    ...(weight > 0 ? [{ loss: softLabels(temperature), weight, source }] : []),
    ...featureLessons(model, teacher, features, seed),
  ];
}

function featureLessons(
  model: Model,
  teacher: Model,
  features: NonNullable<FinetuneOptions['features']>,
  seed: number,
): Lesson[] {
  const chosen = featureLosses.filter(({ id }) => features[id] !== undefined);
  if (chosen.length === 0) return [];
  const [own, theirs] = [inlineFunctions(model).model, teacher].map((each) => new Taps(each));
  return chosen.map((feature) => {
    const given = features[feature.id]!;
    const { weight, layers } = typeof given === 'number' ? { weight: given } : given;
    const pairs = pairsFor(feature, own, theirs, layers);
    const places = pairs.map(({ student, teacher: other }) => {
      return student.layer === other.layer ? student.layer : `${student.layer} (${other.layer})`;
    });
    return {
      loss: feature.make(pairs, seed),
      weight,
      source: `${feature.title} at ${places.join(', ')} (weight ${weight})`,
    };
  });
}

function pairsFor(
  feature: FeatureLoss,
  own: Taps,
  theirs: Taps,
  layers: readonly string[] | Readonly<Record<string, string>> | undefined,
): readonly TapPair[] {
  if (!layers) return feature.places(defaultPlaces(own, theirs));
  const names = Array.isArray(layers)
    ? Object.fromEntries(layers.map((name: string) => [name, name]))
    : (layers as Readonly<Record<string, string>>);
  return namedPairs(own, theirs, names);
}

/** Undefined where the model leaves it open. */
function classesOf(model: Model): number | string | undefined {
  return inferTypes(model).type(logitsOf(model))?.shape?.[1];
}

/** The teacher sees the same samples as the model: those of its only input, or of the input of that name. */
function requireEqualInputs(model: Model, teacher: Model): void {
  const [own, theirs] = [fedInputs(model), fedInputs(teacher)];
  const [types, taught] = [inferTypes(model), inferTypes(teacher)];
  for (const { name = '' } of theirs) {
    const same = theirs.length === 1 ? own[0] : own.find((each) => each.name === name);
    if (!same) {
      throw new CoppiceError(
        'other-inputs',
        `The teacher reads "${name}", which is no input of the model: a teacher must take the same inputs.`,
      );
    }
    const [given, wanted] = [types.type(same.name ?? '')?.shape, taught.type(name)?.shape];
    if (!given || !wanted || fits(given, wanted)) continue;
    throw new CoppiceError(
      'other-images',
      `The model reads [${given.join(', ')}] and the teacher [${wanted.join(', ')}]: a teacher must take the same images.`,
    );
  }
}

/** Whether all sizes but the batch are equal, or open in one of them. */
function fits(own: readonly Dim[], theirs: readonly Dim[]): boolean {
  const isEqual = (dim: Dim, axis: number): boolean => {
    const sizes = [dim, theirs[axis]];
    return axis === 0 || sizes.some((size) => typeof size === 'string') || sizes[0] === sizes[1];
  };
  return own.length === theirs.length && own.every(isEqual);
}
