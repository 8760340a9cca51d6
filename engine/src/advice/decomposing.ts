/**
 * What decomposing a layer would save and cost: of all ranks at which what the cut singular values
 * held shows little enough at the model's outputs, those with the fewest MACs.
 */

import type { DecomposableLayer } from '../passes/decompose/layers';
import type { Method } from '../passes/decompose/method';
import { svd } from '../passes/decompose/methods/svd';
import { tucker2 } from '../passes/decompose/methods/tucker2';
import { rankVariants } from '../passes/decompose/ranks';
import { LayerStudy } from '../passes/decompose/study';
import type { Saving } from './pruning';

export interface Decomposing extends Saving {
  readonly method: Method;
  readonly ranks: readonly number[];
}

/** Singular values of a matrix whose smaller side is longer than this take too long for a hint. */
const longestSide = 1536;

/** Whether working out the singular values of a layer takes too long for a hint. */
export function isTooLarge(layer: DecomposableLayer): boolean {
  return Math.max(...methodFor(layer).fullRanks(layer.shape)) > longestSide;
}

/** Tucker-2 for larger kernels, singular values for pointwise and dense layers. */
function methodFor({ shape }: DecomposableLayer): Method {
  return shape.kernel.some((extent) => extent > 1) ? tucker2 : svd;
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
  const method = methodFor(layer);
  if (method.refuse(layer.shape) !== undefined || isTooLarge(layer)) return undefined;
  const study = new LayerStudy(layer);
  let best: Decomposing | undefined;
  for (const variant of rankVariants(method, layer.shape, { round: 1, min_rank: 1 })) {
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
