/**
 * L2 norm: score of a filter F = √(Σ w²), w in F.
 * He et al., "Soft Filter Pruning for Accelerating Deep CNNs", IJCAI 2018 (arXiv 1808.06866).
 */

import type { WeightCriterion } from './criterion';
import { combine, scoringMembers, sumOverUnits } from './slices';

export const l2: WeightCriterion = {
  id: 'l2',
  title: 'L2 norm',
  doc: 'The Euclidean norm of the filter (He et al., IJCAI 2018). Small filters go first.',
  needs: 'weights',
  comparable: false,
  score: (group, context) =>
    combine(
      group,
      context,
      scoringMembers(group, context).map((member) =>
        sumOverUnits(group, member, context, 'square').map(Math.sqrt),
      ),
    ),
};
