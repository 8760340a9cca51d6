/** Trains what a blueprint rounds, beginning with its codes and steps, and reads back what came out. */

import { requireFixedSizes, withSampleSizes } from '../../train/inputs';
import { tune } from '../finetune/finetune';
import type { FinetuneOptions } from '../finetune/options';
import { titled, type Tuned } from '../finetune/titled';
import type { PassContext } from '../pass';
import type { Blueprint } from '../quantize/blueprint';
import type { Calibration } from '../quantize/calibrate';
import { fakeQuantize } from './fake-quantize';
import { normalizationsFor } from './normalizations';
import type { Quantizer } from './quantizers/quantizer';
import { readBack } from './read-back';

export interface TrainedBlueprint {
  /** Its model holds the floats that were trained. */
  readonly blueprint: Blueprint;
  /** Absent where there were no epochs. */
  readonly training?: Tuned;
}

/**
 * Sizes that the model leaves open are those of the samples meanwhile.
 *
 * @param context with all training samples.
 * @param calibrated with those by which normalizations are begun.
 * @param title of one of several trainings.
 */
export async function trainBlueprint(
  given: Blueprint,
  quantizer: Quantizer,
  options: Omit<FinetuneOptions, 'layers'>,
  context: Calibration & PassContext,
  calibrated: Calibration & PassContext,
  title?: string,
): Promise<TrainedBlueprint> {
  const { epochs, statistics } = options;
  const { input } = given.model.graph!;
  const start = { ...given, model: withSampleSizes(given.model, context.calibration) };
  requireFixedSizes(start.model);
  const isNormalized = epochs > 0 && statistics === 'batch';
  const normalizations = isNormalized ? await normalizationsFor(start, calibrated) : undefined;
  const fake = fakeQuantize(start, quantizer, normalizations);
  const training =
    epochs === 0
      ? undefined
      : await titled(title, context, (own) =>
          tune(fake.model, { ...options, layers: ['*'] }, own, {
            extra: fake.parameters,
            settings: fake.settings,
            legible: start.model,
          }),
        );
  const trained = training?.model ?? fake.model;
  const read = await readBack(start, fake, trained, context.runtime, context.signal);
  const model = { ...read.model, graph: { ...read.model.graph!, input } };
  return { blueprint: { ...read, model }, training };
}
