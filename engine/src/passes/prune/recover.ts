/** Recovers what a cut cost, where there is data to recover it with. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import type { Kept } from '../recovery/original';
import { recoverFrom } from '../recovery/recover';
import type { PruneOptions } from './options';

/** Group id → units that go. */
export type Cuts = ReadonlyMap<string, readonly number[]>;

/**
 * @param original the analysis of the model that is to be approached.
 * @param cut the model after all cuts, which are given in units of the original.
 */
export function recover(
  original: ChannelAnalysis,
  cut: Model,
  cuts: Cuts,
  options: PruneOptions,
  context: PassContext,
): Promise<{ model: Model; issues: Issue[] }> {
  return recoverFrom(original.model, cut, keptBy(original, cuts), options, context);
}

/** Which indices of an axis of an initializer stay. */
function keptBy({ groups }: ChannelAnalysis, cuts: Cuts): Kept {
  const cutting = groups.filter(({ id }) => cuts.has(id));
  return (tensor, axis) => {
    const gone = new Set<number>();
    let extent = 0;
    for (const { id, members } of cutting) {
      const units = new Set(cuts.get(id));
      for (const member of members) {
        if (member.tensor !== tensor || member.axis !== axis) continue;
        extent = member.units.length;
        member.units.forEach((unit, i) => units.has(unit) && gone.add(i));
      }
    }
    if (gone.size === 0) return undefined;
    return Array.from({ length: extent }, (_, i) => i).filter((i) => !gone.has(i));
  };
}
