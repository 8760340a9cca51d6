/** A model with everything quantized at one width. */

import { decodedWeight, type Blueprint } from '../blueprint';
import { drawUp, type Survey } from '../draft';
import type { QuantizeOptions } from '../options';
import { quantizedType, typeOfBits } from '../quantized-type';

export interface Width {
  readonly bits: number;
  readonly blueprint: Blueprint;
  /** The weights after rounding, by layer. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Weights are signed; activations are as the profile usually has them. */
export function widthOf(bits: number, survey: Survey, options: QuantizeOptions): Width {
  const { signed } = quantizedType(survey.profile.activations.types[0]);
  const blueprint = drawUp(survey, options, {
    weights: () => typeOfBits(bits, true),
    activations: () => typeOfBits(bits, signed),
  });
  const weights = new Map(
    [...blueprint.layers].map(([name, layer]) => [name, decodedWeight(layer)] as const),
  );
  return { bits, blueprint, weights };
}
