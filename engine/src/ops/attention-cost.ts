/** What attention computes: scores of every query with every key, then sums of the values. */

import type { Cost } from './op';

/** Sizes of one attention, as numbers. */
export interface AttentionSizes {
  readonly batch: number;
  /** Heads of the queries; grouped keys and values are shared, which saves no products. */
  readonly heads: number;
  readonly queries: number;
  /** Keys in all, the cached ones included. */
  readonly keys: number;
  readonly headSize: number;
  readonly valueSize: number;
}

/**
 * MACs of Q·Kᵀ and of scores·V, which masks do not lessen, plus those of projections that the
 * operator holds inside.
 */
export function attentionCost(sizes: AttentionSizes, projections = 0): Cost {
  const scores = sizes.batch * sizes.heads * sizes.queries * sizes.keys;
  return { macs: projections + scores * (sizes.headSize + sizes.valueSize), elementwise: scores };
}
