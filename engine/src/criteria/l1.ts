/**
 * L1 norm: score of a filter F = Σ |w|, w in F.
 * Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017 (arXiv 1608.08710).
 */

import type { WeightCriterion } from './criterion';
import { combine, scoringMembers, sumOverUnits } from './slices';

export const l1: WeightCriterion = {
  id: 'l1',
  title: 'L1 norm',
  doc: 'The sum of the absolute weights of the filter (Li et al., ICLR 2017). Small filters go first.',
  needs: 'weights',
  comparable: false,
  score: (group, context) =>
    combine(
      group,
      context,
      scoringMembers(group, context).map((member) =>
        sumOverUnits(group, member, context, 'absolute'),
      ),
    ),
};
