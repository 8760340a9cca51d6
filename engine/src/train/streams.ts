/**
 * Random numbers of a training: one stream for each step and purpose, so that a step draws the same
 * ones whether the run went through the steps before it or took up a checkpoint.
 */

import { seededRandom, type Random } from '../linalg/random';

const purposes = ['augmentation', 'mixing', 'dropout'] as const;

/** @param step counted over all epochs. */
export function streamOf(seed: number, step: number, purpose: (typeof purposes)[number]): Random {
  const stream = step * purposes.length + purposes.indexOf(purpose);
  // Neighbouring seeds and steps are sent far apart (Knuth's multiplicative hashing).
  return seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b));
}
