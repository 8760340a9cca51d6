/**
 * LAMP, layer-adaptive magnitude: with the units of a group in ascending order of their squared
 * norm, score(u) = ‖F_u‖² / Σ ‖F_v‖² over all v at or after u. Within a group the order is that of
 * the L2 norm; between groups, what counts is how much of the remaining weight a unit holds.
 * Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021
 * (arXiv 2010.07611), for single weights; here for whole filters.
 */

import type { WeightCriterion } from './criterion';
import { shareOfRemaining } from './normalize';
import { combine, scoringMembers, sumOverUnits } from './slices';

export const lamp: WeightCriterion = {
  id: 'lamp',
  title: 'Layer-adaptive magnitude',
  doc: 'The squared norm of the filter as a share of what would remain if all smaller ones were gone (Lee et al., ICLR 2021). Comparable between layers as it is.',
  needs: 'weights',
  comparable: true,
  score: (group, context) =>
    shareOfRemaining(
      combine(
        group,
        context,
        scoringMembers(group, context).map((member) =>
          sumOverUnits(group, member, context, 'square'),
        ),
      ),
    ),
};
