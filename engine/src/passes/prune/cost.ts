/** What a model costs when its channel groups keep only so many units. */

import type { ChannelAnalysis } from '../../channels/analyze';
import { channelCosts, type ChannelCost, type ChannelCosts } from '../../channels/cost';
import type { ChannelGroup } from '../../channels/group';
import type { Target } from '../../device/profile';
import type { LatencyEstimate } from '#protocol/device';
import type { CostOf } from './allocate';
import { estimateAfter, type EstimateAfter } from './latency';

/** `latency`: milliseconds that the device of the run is estimated to take. */
export type Quantity = keyof ChannelCost | 'channels' | 'latency';

/**
 * Costs when group `i` of `groups` keeps `kept[i]` of its units, and all others stay whole.
 *
 * @param device without which nothing can be said of latency.
 */
export function costModel(
  analysis: ChannelAnalysis,
  groups: readonly ChannelGroup[],
  device?: Target,
): CostModel {
  return new CostModel(analysis, groups, device && estimateAfter(analysis, device));
}

export class CostModel {
  private readonly costs: ChannelCosts;
  /** By position in the analysis. */
  private readonly positions: readonly number[];
  private readonly estimates = new Map<string, LatencyEstimate>();

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly groups: readonly ChannelGroup[],
    private readonly estimateOf: EstimateAfter | undefined,
  ) {
    this.costs = channelCosts(analysis);
    this.positions = groups.map((group) => analysis.groups.indexOf(group));
  }

  of(quantity: Quantity): CostOf {
    switch (quantity) {
      case 'latency':
        return (kept) => this.estimate(kept).ms;
      case 'channels':
        return (kept) =>
          this.groups.reduce(
            (sum, { units, channels }, i) => sum + (kept[i] * channels) / units,
            0,
          );
      default:
        return (kept) => this.counted(kept)[quantity];
    }
  }

  estimate(kept: readonly number[]): LatencyEstimate {
    const key = kept.join();
    let found = this.estimates.get(key);
    if (!found) {
      const removed = new Int32Array(this.analysis.groups.length);
      this.groups.forEach(({ units }, i) => (removed[this.positions[i]] = units - kept[i]));
      this.estimates.set(key, (found = this.estimateOf!(removed)));
    }
    return found;
  }

  private counted(kept: readonly number[]): ChannelCost {
    const { costs, positions } = this;
    this.groups.forEach(({ units }, i) => {
      const removed = units - kept[i];
      if (costs.removed(positions[i]) !== removed) costs.remove(positions[i], removed);
    });
    return costs;
  }
}
