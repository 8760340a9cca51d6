/**
 * Quantization-aware training: begins with the post-training result, trains the model with everything
 * rounded that will be, and writes what came out as `quantize` would. BatchNormalization is folded
 * before, so that the layers that are trained are those that are shipped.
 */

import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { isTrainable } from '../../train/parameters';
import { teachersOf } from '../finetune/options';
import { layerRule } from '../layer-rules';
import type { Pass, PassContext, PassResult } from '../pass';
import { issuesOf, notesOf } from '../quantize/account';
import type { Calibration } from '../quantize/calibrate';
import { drawUp, survey } from '../quantize/draft';
import { quantizeOptions, type QuantizeOptions } from '../quantize/options';
import { place, type Placement } from '../quantize/placement';
import { prepare } from '../quantize/prepare';
import { profiles } from '../quantize/profiles/index';
import { quantize } from '../quantize/quantize';
import { stages as corrections } from '../quantize/stages';
import { formatOf } from '../quantize/supported';
import { writers } from '../quantize/write/index';
import { copyNarrowReads, withoutCopies } from './narrow-reads';
import { qatOptions, type QatOptions } from './options';
import { quantizers } from './quantizers/index';
import { stagesOf, type Stage } from './stages';
import { trainBlueprint, type TrainedBlueprint } from './train-blueprint';
import { endLayers, fewestBits, typesFor, widthsOf, type Widths } from './widths';

export const qat: Pass<QatOptions> = {
  id: 'qat',
  title: 'Quantization-aware training',
  doc: 'Trains the model with its weights and activations rounded to 2 to 8 bits in every forward pass, and stores them as integers. Begins with what quantize finds; the original teaches, so that labels are optional. Needs training data.',
  options: qatOptions,
  reads: teachersOf,
  refuse: (model) =>
    quantize.refuse(model) ??
    (isTrainable(model) ? undefined : 'It has no float32 weights that could be trained.'),
  run,
};

async function run(given: Model, options: QatOptions, outer: PassContext): Promise<PassResult> {
  const { runtime, calibration } = outer;
  if (!runtime || !calibration) {
    throw new CoppiceError(
      'no-data',
      'Quantization-aware training needs data: give it in the recipe, or --data.',
    );
  }
  const seed = options.seed ?? outer.seed;
  const original = outer.original ?? given;
  const context = { ...outer, seed, runtime, calibration, original };
  const prepared = await prepare(given, context);
  const profile = profiles.find(({ id }) => id === options.profile)!;
  const placed = place(prepared, profile, (layer) =>
    layerRule([layer], options.layers).skip ? 'the recipe leaves it' : undefined,
  );
  const widths = widthsOf(options, endLayers(prepared, placed));
  const { model, copies } = copyNarrowReads(prepared, placed, (name) => widths.reads(name) < 8);

  const stages = stagesOf(fewestBits(widths, placed), options.epochs, options.progressive);
  const learned: Learned[] = [];
  for (const [i, stage] of stages.entries()) {
    const float = learned.at(-1)?.blueprint.model ?? model;
    const title = stages.length === 1 ? undefined : `${stage.least} bits`;
    const inner = within(context, i, stages);
    learned.push(await learn(float, widths, { ...stage, title }, options, inner));
  }
  const { blueprint, placement } = learned.at(-1)!;
  const trainings = learned.flatMap(({ training }) => training ?? []);
  const { format } = postTraining(options);
  const written = writers[formatOf({ format }, profile)](blueprint);
  return {
    model: withoutCopies(written, copies),
    changed: true,
    notes: [...notesOf(blueprint, placement), ...trainings.flatMap(({ notes }) => notes)],
    curves: trainings.flatMap(({ curves }) => curves),
    issues: [
      ...issuesOf(postTraining(options), blueprint, placement),
      ...trainings.flatMap(({ issues }) => issues),
    ],
  };
}

/** The floats that were trained are what the next stage begins with. */
interface Learned extends TrainedBlueprint {
  readonly placement: Placement;
}

/** One stage: the post-training result, and what training makes of it. */
async function learn(
  float: Model,
  widths: Widths,
  { least, epochs, title }: Stage & { readonly title: string | undefined },
  options: QatOptions,
  context: Calibration & PassContext,
): Promise<Learned> {
  const quantization = postTraining(options);
  const { calibration, seed } = context;
  const samples = Math.min(options.calibration_samples, calibration.samples);
  const calibrated = { ...context, calibration: calibration.sample(samples, seed) };
  const surveyed = await survey(float, quantization, calibrated);
  const { profile, placement } = surveyed;
  const types = typesFor(widths, least, placement, profile, options.pack);
  let start = drawUp(surveyed, quantization, types);
  for (const correct of corrections) start = await correct(start, quantization, calibrated);
  const quantizer = quantizers.find(({ id }) => id === options.quantizer)!;
  const training = { ...options, epochs };
  const trained = await trainBlueprint(start, quantizer, training, context, calibrated, title);
  return { ...trained, placement };
}

/** The options by which `quantize` finds what training begins with. */
function postTraining(options: QatOptions): QuantizeOptions {
  const { per_channel, profile, format, calibrator, weight_range, rounding } = options;
  const { correct_bias, reduce_range } = options;
  const layers = Object.entries(options.layers).map(([glob, { skip }]) => [glob, { skip }]);
  return quantizeOptions.parse({
    ...{ per_channel, profile, format, calibrator, weight_range, rounding },
    ...{ correct_bias, reduce_range, layers: Object.fromEntries(layers) as object },
  });
}

/** Progress of a stage as progress of all of them. */
function within(
  context: Calibration & PassContext,
  at: number,
  stages: readonly Stage[],
): Calibration & PassContext {
  if (stages.length === 1) return context;
  const bits = `${stages[at].least} bits`;
  return {
    ...context,
    progress: (progress) =>
      context.progress({
        ...progress,
        message: `${bits}: ${progress.message}`,
        fraction: (at + (progress.fraction ?? 0)) / stages.length,
      }),
  };
}
