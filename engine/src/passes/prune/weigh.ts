/** Brings the scores of a group to the scale on which groups are compared. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { ChannelGroup } from '../../channels/group';
import type { Criterion } from '../../criteria/criterion';
import { normalize, type Normalization } from '../../criteria/normalize';
import { nodeLabel } from '../../ir/naming';
import { elementCount } from '../../ir/tensor';
import type { PruneOptions } from './options';

/**
 * The scores on the scale shared by all groups. A normalization makes groups equal whatever the
 * number of layers that are tied together in them; under the policy `sum` that number comes back as
 * a factor, because a unit of a residual trunk goes from every block that writes to it.
 */
export function weigh(
  analysis: ChannelAnalysis,
  group: ChannelGroup,
  scores: Float64Array,
  criterion: Criterion,
  options: Pick<PruneOptions, 'normalization' | 'policy' | 'group_policy'>,
): Float64Array {
  const chosen = normalizationOf(criterion, options);
  const tied = options.group_policy === 'average' ? group.channels / group.units : 1;
  const judged = scores.map((score) => score / tied);
  const size = chosen === 'size_norm' ? sizeOf(analysis, group, criterion) : 1;
  const normalized = normalize(judged, chosen, size);
  const keepsSums = chosen === 'none' || chosen === 'size_norm';
  if (options.policy !== 'sum' || keepsSums) return normalized;
  return normalized.map((score) => score * group.layers.length);
}

/** What `auto` stands for: scores that compare as they are stay so. */
export function normalizationOf(
  { comparable }: Criterion,
  { normalization }: Pick<PruneOptions, 'normalization'>,
): Normalization {
  return normalization !== 'auto' ? normalization : comparable ? 'none' : 'mean';
}

/**
 * How many numbers the score of one unit was taken over: the weights of a filter, or the elements
 * of a map for criteria that look at what the model computes; an average over the group's layers.
 */
function sizeOf(analysis: ChannelAnalysis, group: ChannelGroup, { needs }: Criterion): number {
  const makers = group.members.filter(({ role }) => role === 'out' || role === 'both');
  const sizes = makers.flatMap(({ tensor, node }) => {
    if (needs !== 'weights') return mapSize(analysis, node) ?? [];
    const weight = analysis.tensor(tensor);
    return weight && weight.dims.length > 1 ? elementCount(weight) / group.units : [];
  });
  return sizes.length === 0 ? 1 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

/** Elements of one channel of what a node gives; undefined where its plane is not known. */
function mapSize({ sites }: ChannelAnalysis, label: string): number | undefined {
  const site = sites.find(({ node }) => nodeLabel(node) === label);
  const plane = site?.outputs[0]?.shape?.slice(2).map(Number) ?? [NaN];
  const size = plane.reduce((product, dim) => product * dim, 1);
  return Number.isFinite(size) && size > 0 ? size : undefined;
}
