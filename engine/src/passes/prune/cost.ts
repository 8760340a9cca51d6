/** What a model costs when its channel groups keep only so many units. */

import type { ChannelAnalysis } from '../../channels/analyze';
import { channelCosts, type ChannelCost } from '../../channels/cost';
import type { ChannelGroup } from '../../channels/group';

export interface PrunedCost extends ChannelCost {
  /** Channels of the groups themselves. */
  readonly channels: number;
}

/** The cost of keeping so many units, one number for each group that takes part. */
export type CostModel = (kept: readonly number[]) => PrunedCost;

/** Cost when group `i` of `groups` keeps `kept[i]` of its units, and all others stay whole. */
export function costModel(analysis: ChannelAnalysis, groups: readonly ChannelGroup[]): CostModel {
  const costs = channelCosts(analysis);
  const positions = groups.map((group) => analysis.groups.indexOf(group));
  return (kept) => {
    let channels = 0;
    groups.forEach(({ units, channels: all }, i) => {
      const removed = units - kept[i];
      if (costs.removed(positions[i]) !== removed) costs.remove(positions[i], removed);
      channels += (kept[i] * all) / units;
    });
    const { macs, params, bytes } = costs;
    return { macs, params, bytes, channels };
  };
}
