/** Recovers what a cut cost, where there is data to recover it with. */

import type { ChannelAnalysis } from '../../channels/analyze';
import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import type { Kept } from '../recovery/original';
import { reconstruct } from '../recovery/reconstruct';
import type { PruneOptions } from './options';

/** Group id → units that go. */
export type Cuts = ReadonlyMap<string, readonly number[]>;

/** Whether these options and this context lead to a recovery. */
export function willRecover(
  { recover }: PruneOptions,
  { runtime, calibration }: PassContext,
): boolean {
  return recover !== 'none' && runtime !== undefined && calibration !== undefined;
}

/**
 * @param original the analysis of the model that is to be approached.
 * @param cut the model after all cuts, which are given in units of the original.
 */
export async function recover(
  original: ChannelAnalysis,
  cut: Model,
  cuts: Cuts,
  options: PruneOptions,
  context: PassContext,
): Promise<{ model: Model; issues: Issue[] }> {
  const { runtime, calibration } = context;
  if (options.recover === 'none') return { model: cut, issues: [] };
  if (!runtime || !calibration) {
    return { model: cut, issues: options.recover === 'auto' ? [] : [noCalibration()] };
  }
  const samples = Math.min(options.samples, calibration.samples);
  const data = calibration.sample(samples, context.seed);
  try {
    const { model } = await reconstruct(original.model, cut, keptBy(original, cuts), {
      ...context,
      runtime,
      calibration: data,
    });
    return { model, issues: [] };
  } catch (error) {
    // Data that does not fit the model is no reason to lose the pruned model, unless it was asked for.
    if (!(error instanceof CoppiceError) || error.code !== 'feeds' || options.recover !== 'auto') {
      throw error;
    }
    const message = `Nothing was recovered: ${error.message}`;
    return { model: cut, issues: [{ severity: 'warning', code: 'no-recovery', message }] };
  }
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

function noCalibration(): Issue {
  return {
    severity: 'warning',
    code: 'no-calibration',
    message:
      'Recovery was asked for, but it needs calibration data and a runtime: give data, or recover: none.',
  };
}
