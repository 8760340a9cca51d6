/**
 * The order of removals by measured curves instead of scores. `curves` takes every group down to one
 * level of loss, as AIMET's greedy selection does with accuracies; `slopes` keeps the sum of all
 * losses least for what is saved, which is where all groups lose as much for one more saved unit of
 * cost (equal slopes; Everett, "Generalized Lagrange Multiplier Method", 1963).
 */

import { orderedBy, type Candidate, type Removal } from '../steps';
import { convexHull, lossAt, type Curve } from './curve';

/** @param curves one for each candidate. */
export function levelOrder(candidates: readonly Candidate[], curves: readonly Curve[]): Removal[] {
  return orderedBy(candidates, (_, __, kept, i) => lossAt(curves[i], kept));
}

/** @param savings what the loss of one unit of each candidate saves. */
export function slopeOrder(
  candidates: readonly Candidate[],
  curves: readonly Curve[],
  savings: readonly number[],
): Removal[] {
  const hulls = curves.map(convexHull);
  return orderedBy(candidates, (_, before, kept, i) => {
    const loss = lossAt(hulls[i], kept) - lossAt(hulls[i], before);
    return savings[i] > 0 ? loss / (before - kept) / savings[i] : Infinity;
  });
}
