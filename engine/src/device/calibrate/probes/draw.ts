/** Random sizes as networks have them. */

import type { Random } from '../../../linalg/random';

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.integer(choices.length)];
}

/** A whole number between two bounds, small ones as often as large ones. */
export function between(random: Random, low: number, high: number): number {
  return Math.round(low * (high / low) ** random.uniform());
}

/** Of channels: mostly whole blocks, often multiples of 8 or 4, and whatever pruning may leave. */
export function channels(random: Random, low: number, high: number): number {
  const unit = pick(random, [16, 16, 16, 16, 8, 8, 4, 1]);
  return Math.max(unit, unit * Math.round(between(random, low, high) / unit));
}
