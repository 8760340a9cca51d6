/**
 * Recovers what zeros cost, where there is data to recover it with: the weights that are left are
 * fitted again, each output on its own support, and what is zero stays zero.
 */

import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import { keptAll, reconstruct } from '../recovery/reconstruct';
import type { SparsifyOptions } from './options';
import type { Weight } from './weights';

/** Every output has a system of its own, so what is solved at once has to be smaller than elsewhere. */
const mostFeatures = 1024;

/**
 * @param sparse the model with the zeros that the masks set.
 * @returns the corrected model; issues say why nothing was recovered.
 */
export async function recover(
  original: Model,
  sparse: Model,
  masks: ReadonlyMap<Weight, Uint8Array>,
  { recover: wanted, samples }: SparsifyOptions,
  context: PassContext,
): Promise<{ model: Model; issues: Issue[] }> {
  const { runtime, calibration, seed } = context;
  if (wanted === 'none') return { model: sparse, issues: [] };
  if (!runtime || !calibration) {
    return { model: sparse, issues: wanted === 'auto' ? [] : [noCalibration()] };
  }
  const byName = new Map([...masks].map(([weight, mask]) => [weight.name, { weight, mask }]));
  const fixed = (name: string, position: number): boolean => {
    const found = byName.get(name);
    return found?.mask[position] === 1 || found?.weight.values[position] === 0;
  };
  const data = calibration.sample(Math.min(samples, calibration.samples), seed);
  const settings = { ...context, runtime, calibration: data, mostFeatures, fixed };
  try {
    return { model: (await reconstruct(original, sparse, keptAll, settings)).model, issues: [] };
  } catch (error) {
    // Data that does not fit the model is no reason to lose the result, unless it was asked for.
    if (!(error instanceof CoppiceError) || error.code !== 'feeds' || wanted !== 'auto') {
      throw error;
    }
    const message = `Nothing was recovered: ${error.message}`;
    return { model: sparse, issues: [{ severity: 'warning', code: 'no-recovery', message }] };
  }
}

function noCalibration(): Issue {
  return {
    severity: 'warning',
    code: 'no-calibration',
    message:
      'Recovery was asked for, but it needs calibration data and a runtime: give data, or recover: none.',
  };
}
