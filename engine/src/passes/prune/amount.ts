/** How much is to go: the one amount that was given, as a quantity and the share of it that is left. */

import type { Issue } from '../../ir/issue';
import { inMs, limitOf, parseGoal } from '../latency-goal';
import type { Quantity } from './cost';
import type { PruneOptions } from './options';

export interface Amount {
  readonly quantity: Quantity;
  /** Share of what the model had before the first round; 1 and more where nothing has to go. */
  readonly left: number;
}

/** Where a plan stands in a run of several rounds, and what there was before the first one. */
export interface Round {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  cost(quantity: Quantity): number;
  /** Units of each group, by id. */
  readonly units: ReadonlyMap<string, number>;
}

/** What a share that is left at the end is after this round: each round takes the same share of what it finds. */
export function leftAfter({ number, of }: Pick<Round, 'number' | 'of'>, left: number): number {
  return number === of ? left : left ** (number / of);
}

/**
 * Undefined where only layers have ratios, each its own.
 *
 * @param whole what the model had before the first round.
 */
export function amountOf(
  { macs, params, bytes, ratio, latency }: PruneOptions,
  whole: (quantity: Quantity) => number,
): Amount | undefined {
  if (latency !== undefined) {
    const ms = whole('latency');
    return { quantity: 'latency', left: limitOf(parseGoal(latency)!, ms) / ms };
  }
  if (macs !== undefined) return { quantity: 'macs', left: macs };
  if (params !== undefined) return { quantity: 'params', left: params };
  if (bytes !== undefined) return { quantity: 'bytes', left: bytes };
  return ratio === undefined ? undefined : { quantity: 'channels', left: 1 - ratio };
}

/** Relative to the original, how far from its target a result may be without a word. */
const tolerance = 0.01;

/**
 * What is to be said of an amount of which this share is left.
 *
 * @param whole of which the shares are.
 */
export function missed({ quantity, left }: Amount, reached: number, whole: number): Issue[] {
  if (Math.abs(reached - left) <= tolerance || (reached === 1 && left > 1)) return [];
  const figure = (share: number): string => {
    const percent = `${(100 * share).toFixed(1)} %`;
    return quantity === 'latency' ? `${percent} (${inMs(share * whole)})` : percent;
  };
  const why =
    reached > left
      ? 'the floors (min_channels, max_ratio), the rounding (round), exceptions and pinned groups allow no less; relax them'
      : 'the steps in which channels can go are that coarse; a smaller round would be finer';
  const message = `${figure(reached)} of the ${nameOf(quantity)} are left where ${figure(left)} were asked for: ${why}.`;
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

function nameOf(quantity: Quantity): string {
  switch (quantity) {
    case 'macs':
      return 'MACs';
    case 'bytes':
      return 'bytes of weights';
    case 'latency':
      return 'estimated latency';
    default:
      return quantity;
  }
}
