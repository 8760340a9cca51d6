/**
 * How far channels may be scaled in front of an activation that keeps its upper bound, as ReLU6:
 * min(max(x / s, 0), u) is min(max(x, 0), u) / s only while neither x nor x / s reaches u. A channel
 * that reaches it stays as it is, and the others stay below it.
 */

import type { Link } from '../rescale/links';
import type { Limits } from './balance';
import type { Moments } from './prepare';

/** Deviations above the mean at which a channel without data is taken to end. */
const farthest = 6;

/** Limits of the factors 1 / s. Without moments no channel may be scaled. */
export function limitsOf({ bounded, where }: Link, moments: Moments | undefined): Limits {
  const bound = bounded.reduce((least, clip) => Math.min(least, clip.most), Infinity);
  const least = new Float64Array(where.channels).fill(1);
  const most = new Float64Array(where.channels).fill(1);
  for (let c = 0; moments && c < where.channels; c++) {
    const largest = moments.most?.[c] ?? moments.mean[c] + farthest * moments.deviation[c];
    if (largest >= bound) continue;
    least[c] = 0;
    most[c] = largest > 0 ? bound / largest : Infinity;
  }
  return { least, most };
}
