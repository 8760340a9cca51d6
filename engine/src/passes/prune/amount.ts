/** How much is to go: the one amount that was given, as a quantity and the share of it that is left. */

import type { Issue } from '../../ir/issue';
import type { PrunedCost } from './cost';
import type { PruneOptions } from './options';

export interface Amount {
  readonly quantity: keyof PrunedCost;
  /** Share of what the model had before the first round. */
  readonly left: number;
}

/** Where a plan stands in a run of several rounds, and what there was before the first one. */
export interface Round {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  readonly cost: PrunedCost;
  /** Units of each group, by id. */
  readonly units: ReadonlyMap<string, number>;
}

/** What a share that is left at the end is after this round: each round takes the same share of what it finds. */
export function leftAfter({ number, of }: Pick<Round, 'number' | 'of'>, left: number): number {
  return number === of ? left : left ** (number / of);
}

/** Undefined where only layers have ratios, each its own. */
export function amountOf({ macs, params, bytes, ratio }: PruneOptions): Amount | undefined {
  if (macs !== undefined) return { quantity: 'macs', left: macs };
  if (params !== undefined) return { quantity: 'params', left: params };
  if (bytes !== undefined) return { quantity: 'bytes', left: bytes };
  return ratio === undefined ? undefined : { quantity: 'channels', left: 1 - ratio };
}

/** Relative to the original, how far from its target a result may be without a word. */
const tolerance = 0.01;

/** What is to be said of an amount of which this share is left. */
export function missed({ quantity, left }: Amount, reached: number): Issue[] {
  if (Math.abs(reached - left) <= tolerance) return [];
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const why =
    reached > left
      ? 'the floors (min_channels, max_ratio), exceptions and pinned groups allow no less; relax them'
      : 'the steps in which channels can go are that coarse; a smaller round would be finer';
  const message = `${percent(reached)} of the ${nameOf(quantity)} are left where ${percent(left)} were asked for: ${why}.`;
  const severity = reached > left ? 'warning' : 'information';
  return [{ severity, code: 'target-missed', message }];
}

/** The model has nothing of the quantity. */
export function uncounted({ quantity }: Amount): Issue {
  return {
    severity: 'warning',
    code: 'target-missed',
    message: `The model has no ${nameOf(quantity)} that can be counted or none that can go, so no share of them can be a target: give another amount.`,
  };
}

function nameOf(quantity: Amount['quantity']): string {
  return quantity === 'macs' ? 'MACs' : quantity === 'bytes' ? 'bytes of weights' : quantity;
}
