/** Recovery as an option of a pass: done where it is wanted and there is data to do it with. */

import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import { reconstruct, type RecoveryContext } from './reconstruct';
import type { Kept } from './original';
import type { TuningOptions } from './tuning';

export interface RecoverOptions extends Pick<TuningOptions, 'recover'> {
  /** Calibration samples to look at, at most. */
  readonly samples: number;
}

/** What a pass may ask of the reconstruction beside the usual. */
export type Settings = Pick<RecoveryContext, 'fixed' | 'mostFeatures'>;

/** Whether these options and this context lead to a recovery. */
export function willRecover(
  { recover }: Pick<RecoverOptions, 'recover'>,
  { runtime, calibration }: Pick<PassContext, 'runtime' | 'calibration'>,
): boolean {
  return recover !== 'none' && runtime !== undefined && calibration !== undefined;
}

/**
 * @param changed the model to correct towards `original`; the issues say why it was not.
 * @throws CoppiceError `feeds` where the data does not fit and recovery was asked for by name.
 */
export async function recoverFrom(
  original: Model,
  changed: Model,
  kept: Kept,
  { recover, samples }: RecoverOptions,
  context: PassContext,
  settings: Settings = {},
): Promise<{ model: Model; issues: Issue[] }> {
  const { runtime, calibration, seed } = context;
  if (recover === 'none') return { model: changed, issues: [] };
  if (!runtime || !calibration) {
    return { model: changed, issues: recover === 'auto' ? [] : [noCalibration] };
  }
  const data = calibration.sample(Math.min(samples, calibration.samples), seed);
  const all = { ...context, ...settings, runtime, calibration: data };
  try {
    return { model: (await reconstruct(original, changed, kept, all)).model, issues: [] };
  } catch (error) {
    // Data that does not fit the model is no reason to lose the result, unless it was asked for.
    if (!(error instanceof CoppiceError) || error.code !== 'feeds' || recover !== 'auto') {
      throw error;
    }
    const message = `Nothing was recovered: ${error.message}`;
    return { model: changed, issues: [{ severity: 'warning', code: 'no-recovery', message }] };
  }
}

export const noCalibration: Issue = {
  severity: 'warning',
  code: 'no-calibration',
  message:
    'Recovery was asked for, but it needs calibration data and a runtime: give data, or recover: none.',
};
