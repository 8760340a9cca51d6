/**
 * Operators that are computed by others while training, and differentiated through them: fused
 * attention, normalizations and recurrent cells. What the spelling does not cover stays as it is,
 * without a gradient.
 */

import type { Node } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import type { GraphWriter } from '../gradient';
import { attentionCompositions } from './attention';
import { normalizationCompositions } from './fused-normalization';
import { recurrentCompositions } from './recurrent';
import type { Uncovered } from './refuse';

/**
 * Gives the node's first output, or its outputs; undefined, or the reason, where it is not spelled out.
 *
 * @param differentiated whether gradients may have to pass.
 */
export type Composition = (
  node: Node,
  write: GraphWriter,
  differentiated: boolean,
) => string | readonly (string | undefined)[] | Uncovered | undefined;

const all: Readonly<Record<string, Composition>> = {
  ...attentionCompositions,
  ...normalizationCompositions,
  ...recurrentCompositions,
};

/** Undefined for an operator that has a rule of its own, or none. */
export function compositionOf({ domain, opType }: Node): Composition | undefined {
  const key = [normalDomain(domain), opType].filter(Boolean).join('.');
  return Object.hasOwn(all, key) ? all[key] : undefined;
}
