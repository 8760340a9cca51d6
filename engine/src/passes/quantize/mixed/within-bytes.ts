/** The least noise within a share of the bytes of weights. */

import { inspect } from '../../../inspect/inspect';
import type { Issue } from '../../../ir/issue';
import type { Model } from '../../../ir/model';
import { tensorBytes } from '../../../ir/tensor';

import type { Item } from './items';
import { knapsack } from './knapsack';
import type { Selection } from './selection';

/** A scale of four bytes and a zero point of one. */
const gridBytes = 5;

/**
 * @param share of the bytes of the model's weights.
 * @param grids how many activations have one: they take the same whatever is chosen, as biases do.
 */
export function withinBytes(
  items: readonly Item[],
  share: number,
  model: Model,
  grids: number,
): Selection {
  const total = inspect(model, { path: '' }).totals.weightBytes;
  const floats = items.reduce((sum, { site }) => sum + tensorBytes(site.weight), 0);
  const rest = total - floats + grids * gridBytes;
  const costs = items.map(({ candidates }) =>
    candidates.map(({ bytes, loss }) => ({ cost: bytes, loss })),
  );
  const chosen = knapsack(costs, share * total - rest);
  if (chosen) return { chosen, issues: [] };
  const least = items.reduce((sum, { candidates }) => sum + candidates[0].bytes, rest);
  return { chosen: items.map(() => 0), issues: [tooLarge(share, least / total)] };
}

function tooLarge(wanted: number, least: number): Issue {
  return {
    severity: 'warning',
    code: 'target-missed',
    message:
      `With the narrowest of the widths everywhere ${(100 * least).toFixed(1)} % of the bytes are left, ` +
      `not ${(100 * wanted).toFixed(1)} %: give a narrower one under widths.`,
  };
}
