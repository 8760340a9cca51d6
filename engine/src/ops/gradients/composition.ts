/**
 * Operators that are computed by others while training, and differentiated through them: fused
 * attention and normalizations. What the spelling does not cover stays as it is, without a gradient.
 */

import type { Node } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import type { GraphWriter } from '../gradient';
import { attentionCompositions } from './attention';
import { normalizationCompositions } from './fused-normalization';

/** Gives the node's first output, or its outputs; undefined where it cannot be spelled out. */
export type Composition = (
  node: Node,
  write: GraphWriter,
) => string | readonly (string | undefined)[] | undefined;

const all: Readonly<Record<string, Composition>> = {
  ...attentionCompositions,
  ...normalizationCompositions,
};

/** Undefined for an operator that has a rule of its own, or none. */
export function compositionOf({ domain, opType }: Node): Composition | undefined {
  const key = [normalDomain(domain), opType].filter(Boolean).join('.');
  return Object.hasOwn(all, key) ? all[key] : undefined;
}
