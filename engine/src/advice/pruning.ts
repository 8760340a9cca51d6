/**
 * What pruning the channel group of a layer would save and cost. Units go in the order of the
 * criterion that a prune step ranks by, and what they contributed to the layers that read them is
 * the error.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelCosts } from '../channels/cost';
import type { ChannelGroup } from '../channels/group';
import { criterionContext } from '../criteria/context';
import type { CriterionContext } from '../criteria/criterion';
import { fpgm } from '../criteria/fpgm';
import { elementCount } from '../ir/tensor';
import { blockOf } from './blocks';
import type { ChannelMoments } from './moments';
import { readersOf } from './readers';

/** One way to make a model smaller. */
export interface Saving {
  /** Shares of the model's MACs and params that go. */
  readonly macsSaved: number;
  readonly paramsSaved: number;
  /** Predicted root mean square error of the model's output, relative to the output. */
  readonly error: number;
}

export interface Pruning extends Saving {
  /** Share of the group's units that goes. */
  readonly ratio: number;
}

/** A prune step takes no more of a group by default. */
const mostRatio = 0.7;
/** Multiplications that comparing a group's filters may take; more would hold up the other layers. */
const mostWork = 2e10;
/** So many ratios are looked at. */
const mostSteps = 10;
/** Channels that a prune step leaves in every layer. */
const leastChannels = 2;

export class PruningAdvisor {
  private readonly context: CriterionContext;
  private readonly known = new Map<ChannelGroup, readonly Pruning[]>();

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly costs: ChannelCosts,
    private readonly moments: ReadonlyMap<string, ChannelMoments>,
    private readonly gains: ReadonlyMap<string, number>,
  ) {
    this.context = {
      ...criterionContext(analysis.model),
      tensor: (name) => analysis.tensor(name)!,
    };
  }

  /** The group at growing ratios; nothing where it is pinned, too large, or read by no layer. */
  prunings(group: ChannelGroup): readonly Pruning[] {
    let known = this.known.get(group);
    if (!known) {
      const isOpen = !group.pinned && !this.isTooLarge(group);
      this.known.set(group, (known = isOpen ? this.weigh(group) : []));
    }
    return known;
  }

  /** Whether scoring the group takes too long for a hint. */
  isTooLarge(group: ChannelGroup): boolean {
    const work = group.members.map(({ role, tensor }) => {
      const found = role === 'out' ? this.analysis.tensor(tensor) : undefined;
      return found ? group.units * elementCount(found) : 0;
    });
    return work.reduce((sum, each) => sum + each, 0) > mostWork;
  }

  private weigh(group: ChannelGroup): Pruning[] {
    const loss = this.lossOfUnits(group);
    if (!loss) return [];
    const scores = fpgm.score(group, this.context);
    const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b);
    const { macs, params } = this.costs;
    return countsOf(group).map((removed) => {
      const after = this.costs.after(new Map([[group.id, removed]]));
      const power = order.slice(0, removed).reduce((sum, unit) => sum + loss[unit], 0);
      return {
        ratio: roundedShare(removed, group.units),
        macsSaved: macs > 0 ? 1 - after.macs / macs : 0,
        paramsSaved: params > 0 ? 1 - after.params / params : 0,
        error: Math.sqrt(power),
      };
    });
  }

  /** For each unit the power of the error at the model's outputs when it goes. */
  private lossOfUnits(group: ChannelGroup): Float64Array | undefined {
    const readers = readersOf(group, this.analysis, this.moments);
    if (readers.length === 0) return undefined;
    const loss = new Float64Array(group.units);
    for (const { node, shares } of readers) {
      const gain = this.gains.get(node.output[0]) ?? 0;
      shares.forEach((share, unit) => (loss[unit] += gain * share));
    }
    return loss;
  }
}

/** Numbers of units to remove: so many that whole blocks of channels are left, about ten steps at most. */
function countsOf({ units, channels }: ChannelGroup): number[] {
  const perUnit = channels / units;
  const block = blockOf(channels);
  const removals = Array.from({ length: units - 1 }, (_, i) => i + 1).filter((removed) => {
    const left = (units - removed) * perUnit;
    return left % block === 0 && left >= leastChannels && removed <= mostRatio * units;
  });
  const step = Math.ceil(removals.length / mostSteps);
  return removals.filter((_, i) => (i + 1) % step === 0);
}

/** The share with as few digits as still mean the same number of units. */
function roundedShare(removed: number, units: number): number {
  for (let digits = 2; ; digits++) {
    const share = Number((removed / units).toFixed(digits));
    if (Math.round(units * (1 - share)) === units - removed || digits === 6) return share;
  }
}
