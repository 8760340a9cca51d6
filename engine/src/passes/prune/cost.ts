/** What a model costs when its channel groups keep only so many units. */

import type { ChannelAnalysis } from '../../channels/analyze';
import { channelCosts } from '../../channels/cost';
import type { ChannelGroup } from '../../channels/group';

export interface PrunedCost {
  readonly macs: number;
  readonly params: number;
  /** Channels of the groups themselves. */
  readonly channels: number;
}

/** Cost when group `i` of `groups` keeps `kept[i]` of its units, and all others stay whole. */
export function costModel(
  analysis: ChannelAnalysis,
  groups: readonly ChannelGroup[],
): (kept: readonly number[]) => PrunedCost {
  const costs = channelCosts(analysis);
  const positions = groups.map((group) => analysis.groups.indexOf(group));
  return (kept) => {
    let channels = 0;
    groups.forEach(({ units, channels: all }, i) => {
      const removed = units - kept[i];
      if (costs.removed(positions[i]) !== removed) costs.remove(positions[i], removed);
      channels += (kept[i] * all) / units;
    });
    return { macs: costs.macs, params: costs.params, channels };
  };
}
