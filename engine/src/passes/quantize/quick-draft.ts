/** The model that options lead to, for timing: what takes how long depends on types, not on ranges. */

import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import type { Calibration } from './calibrate';
import { drawUp, survey } from './draft';
import type { QuantizeOptions } from './options';
import type { LayerSite } from './placement';
import { formatOf } from './supported';
import { writers } from './write/index';

const calibrationSamples = 8;

export interface QuickDraft {
  readonly model: Model;
  /** Those that are quantized. */
  readonly layers: readonly LayerSite[];
}

/** @param model prepared. */
export async function quickDraft(
  model: Model,
  wanted: QuantizeOptions,
  context: Calibration & PassContext,
): Promise<QuickDraft> {
  const options: QuantizeOptions = { ...wanted, weight_range: 'minmax', calibrator: 'minmax' };
  const { calibration, seed } = context;
  const few = calibration.sample(Math.min(calibrationSamples, calibration.samples), seed);
  const surveyed = await survey(model, options, { ...context, calibration: few });
  const written = writers[formatOf(options, surveyed.profile)](drawUp(surveyed, options));
  return { model: written, layers: surveyed.placement.layers };
}
