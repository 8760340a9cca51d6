/**
 * Recovers what zeros cost, where there is data to recover it with: the weights that are left are
 * fitted again, each output on its own support, and what is zero stays zero.
 */

import type { Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import { keptAll } from '../recovery/reconstruct';
import { recoverFrom } from '../recovery/recover';
import type { SparsifyOptions } from './options';
import type { Weight } from './weights';

/** Every output has a system of its own, so what is solved at once has to be smaller than elsewhere. */
const mostFeatures = 1024;

/**
 * @param sparse the model with the zeros that the masks set.
 * @returns the corrected model; issues say why nothing was recovered.
 */
export function recover(
  original: Model,
  sparse: Model,
  masks: ReadonlyMap<Weight, Uint8Array>,
  options: SparsifyOptions,
  context: PassContext,
): Promise<{ model: Model; issues: Issue[] }> {
  const byName = new Map([...masks].map(([weight, mask]) => [weight.name, { weight, mask }]));
  const fixed = (name: string, position: number): boolean => {
    const found = byName.get(name);
    return found?.mask[position] === 1 || found?.weight.values[position] === 0;
  };
  return recoverFrom(original, sparse, keptAll, options, context, { mostFeatures, fixed });
}
