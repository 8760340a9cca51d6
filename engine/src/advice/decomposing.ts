/**
 * What decomposing a layer would save and cost: of all ranks at which what the cut singular values
 * held shows little enough at the model's outputs, those with the fewest MACs.
 */

import type { DecomposableLayer } from '../passes/decompose/layers';
import type { Method } from '../passes/decompose/method';
import { svd } from '../passes/decompose/methods/svd';
import { tucker2 } from '../passes/decompose/methods/tucker2';
import { rankVariants } from '../passes/decompose/ranks';
import { LayerStudy, type Variant } from '../passes/decompose/study';
import { blockOf } from './blocks';
import type { Saving } from './pruning';

export interface Decomposing extends Saving {
  readonly method: Method;
  readonly ranks: readonly number[];
}

/** Singular values of a matrix whose smaller side is longer than this take too long for a hint. */
const longestSide = 1536;

/** Whether working out the singular values of a layer takes too long for a hint. */
export function isTooLarge(layer: DecomposableLayer): boolean {
  const sides = methodsFor(layer).flatMap((method) => method.fullRanks(layer.shape));
  return Math.max(...sides) > longestSide;
}

/** Singular values for pointwise and dense layers, Tucker-2 too for larger kernels. */
function methodsFor({ shape }: DecomposableLayer): readonly Method[] {
  const isWide = shape.kernel.some((extent) => extent > 1);
  return (isWide ? [tucker2, svd] : [svd]).filter((method) => method.refuse(shape) === undefined);
}

/**
 * @param model MACs and params of the whole model.
 * @param gain factor from a relative error of the layer (of power) to that of the model's outputs.
 * @param tolerance the largest relative error of the model's outputs.
 * @returns undefined where nothing within the tolerance has fewer MACs.
 */
export function bestDecomposition(
  layer: DecomposableLayer,
  model: { readonly macs: number; readonly params: number },
  gain: number,
  tolerance: number,
): Decomposing | undefined {
  const methods = methodsFor(layer);
  if (methods.length === 0 || isTooLarge(layer)) return undefined;
  const study = new LayerStudy(layer);
  let best: Decomposing | undefined;
  for (const variant of methods.flatMap((method) => variantsOf(method, layer))) {
    const power = gain * study.predictedError(variant);
    if (power > tolerance ** 2) continue;
    const { macs, params } = study.candidate(variant);
    const saving: Decomposing = {
      ...variant,
      macsSaved: (layer.macs - macs) / model.macs,
      paramsSaved: (study.kernel.data.length - params) / model.params,
      error: Math.sqrt(power),
    };
    if (saving.macsSaved > (best?.macsSaved ?? 0)) best = saving;
  }
  return best;
}

/** Ranks in whole blocks. */
function variantsOf(method: Method, { shape }: DecomposableLayer): Variant[] {
  const round = Math.min(...method.fullRanks(shape).map(blockOf));
  return rankVariants(method, shape, { round, min_rank: 1 });
}
