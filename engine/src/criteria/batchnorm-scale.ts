/**
 * Network slimming: score of a channel = |γ| of the BatchNormalization that follows.
 * Where batch normalization is folded into the convolution, or absent, γ is not in the file; the
 * criterion then refuses the group rather than guess it from the weights.
 * Liu et al., "Learning Efficient Convolutional Networks through Network Slimming", ICCV 2017
 * (arXiv 1708.06519).
 */

import type { ChannelGroup, GroupMember } from '../channels/group';
import type { WeightCriterion, CriterionContext } from './criterion';
import { combine, sumOverUnits } from './slices';

export const batchnormScale: WeightCriterion = {
  id: 'batchnorm-scale',
  title: 'Batch normalization scale',
  doc: 'The absolute scale γ of the BatchNormalization behind the filter (Liu et al., ICCV 2017). Needs models exported with BatchNormalization kept apart; other groups are left as they are.',
  needs: 'weights',
  comparable: true,
  refuse: (group, context) =>
    scales(group, context).length > 0
      ? undefined
      : 'No BatchNormalization follows these layers (it may have been folded into them on export), so there is no scale to rank by.',
  score: (group, context) =>
    combine(
      group,
      context,
      scales(group, context).map((member) => sumOverUnits(group, member, context, 'absolute')),
    ),
};

/** The γ of every BatchNormalization in the group: input 1 of the operator. */
function scales(group: ChannelGroup, context: CriterionContext): GroupMember[] {
  return group.members.filter(
    (member) => member.opType === 'BatchNormalization' && context.input(member) === 1,
  );
}
