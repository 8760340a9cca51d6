/**
 * Filter pruning via the geometric median: score of a filter F_i = Σ_j ‖F_i − F_j‖₂ over the other
 * filters of its layer. The filters nearest to the geometric median are those the others can stand
 * in for. The sum is divided by the number of other filters, so that layers of different widths
 * compare; the order is the paper's.
 * He et al., "Filter Pruning via Geometric Median", CVPR 2019 (arXiv 1811.00250).
 */

import { gramSingle } from '../linalg/simd-gram';
import type { WeightCriterion } from './criterion';
import { combine, scoringMembers, unitSlices } from './slices';

export const fpgm: WeightCriterion = {
  id: 'fpgm',
  title: 'Geometric median',
  doc: 'The mean distance of the filter to the other filters of its layer (He et al., CVPR 2019). The most replaceable filters go first.',
  needs: 'weights',
  comparable: false,
  score: (group, context) =>
    combine(
      group,
      context,
      scoringMembers(group, context).map((member) => {
        const { units, rows, length } = unitSlices(member, context);
        const scores = new Float64Array(group.units).fill(NaN);
        meanDistances(rows, units.length, length).forEach((score, row) => {
          scores[units[row]] = score;
        });
        return scores;
      }),
    ),
};

/**
 * Mean Euclidean distance of each row to the others, through ‖a − b‖² = ‖a‖² + ‖b‖² − 2a·b.
 * Rounding can make that slightly negative for equal rows: it counts as zero there.
 */
function meanDistances(rows: Float64Array, count: number, length: number): Float64Array {
  const products = gramSingle(rows, count, length);
  const sums = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const norm = products[i * count + i];
    for (let j = 0; j < i; j++) {
      const square = norm + products[j * count + j] - 2 * products[i * count + j];
      const distance = Math.sqrt(Math.max(0, square));
      sums[i] += distance;
      sums[j] += distance;
    }
  }
  return sums.map((sum) => sum / Math.max(1, count - 1));
}
