/**
 * The contract of a loss that compares what model and teacher make within, not only what they say.
 * `index.ts` lists them. It needs no labels.
 */

import type { TapPair } from '../taps';
import type { Loss, LossContext } from './loss';

export interface FeatureLoss {
  readonly id: string;
  readonly title: string;
  readonly doc: string;
  /** What it is multiplied by unless the recipe says otherwise: the published weight. */
  readonly weight: number;
  /** Where it looks unless layers are named. */
  places(defaults: DefaultPlaces): readonly TapPair[];
  /** @param seed of what it learns. */
  make(pairs: readonly TapPair[], seed: number): Loss;
}

/** Where model and teacher can be compared without anybody naming layers. */
export interface DefaultPlaces {
  /** The ends of stages: the last maps of each size. */
  stages(): readonly TapPair[];
  /** What the classifier reads. */
  embedding(): TapPair;
}

/** The sum of scalars. */
export function sumOf({ emit }: LossContext, terms: readonly string[]): string {
  return terms.length === 1 ? terms[0] : emit('Sum', terms);
}
