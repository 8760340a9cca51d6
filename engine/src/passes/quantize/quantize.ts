/** Post-training quantization: weights and activations become integers, with what keeps the outputs. */

import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { finetuneOptions, teachersOf } from '../finetune/options';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { quantizers } from '../qat/quantizers/index';
import { trainBlueprint, type TrainedBlueprint } from '../qat/train-blueprint';
import { requireTuning } from '../recovery/tuning';
import { issuesOf, notesOf } from './account';
import type { Blueprint } from './blueprint';
import type { Calibration } from './calibrate';
import { drawUp, isStatic, survey, type Survey } from './draft';
import { findFaster } from './faster';
import { quantizeOptions, widthsOf, type QuantizeOptions } from './options';
import { prepare } from './prepare';
import { stages } from './stages';
import type { Built, Reason } from './mixed/decision';
import { correctAnalytically } from './correct/analytic';
import { isAnalytic } from './correct/stage';
import { decidePrecision } from './mixed/decide';
import { formatOf } from './supported';
import { writers } from './write/index';

export const quantize: Pass<QuantizeOptions> = {
  id: 'quantize',
  title: 'Quantization',
  doc: 'Stores weights as integers and lets the layers compute on integers, with ranges found on calibration data. No training, unless recover: finetune asks for it.',
  options: quantizeOptions,
  reads: ({ finetune }) => teachersOf(finetune),
  refuse,
  run,
};

function refuse({ graph }: Model): string | undefined {
  if (!graph) return 'It holds no graph.';
  if (graph.node.some(({ opType }) => opType === 'QuantizeLinear' || opType === 'QLinearConv')) {
    return 'It is quantized already.';
  }
  return undefined;
}

async function run(
  given: Model,
  options: QuantizeOptions,
  outer: PassContext,
): Promise<PassResult> {
  requireTuning(options, outer);
  const context = { ...outer, seed: options.seed ?? outer.seed };
  const { runtime, calibration } = context;
  const able = runtime &&
    calibration && {
      ...context,
      runtime,
      calibration: calibration.sample(Math.min(options.samples, calibration.samples), context.seed),
    };
  const needsData =
    isStatic(options) || options.only_where_faster || widthsOf(options) || options.max_drop;
  if (!able && needsData) {
    throw new CoppiceError(
      'no-calibration',
      'Quantizing activations needs calibration data: give data in the recipe, or --data.',
    );
  }
  const model = await prepare(given, context);
  // Which layers stay float changes nothing in what the float model shows.
  let seen: Survey['seen'] = new Map();
  const look = async (wanted: QuantizeOptions): Promise<Survey> => {
    const surveyed = await survey(model, wanted, able ?? context, seen);
    seen = surveyed.seen;
    return surveyed;
  };
  const build = async (wanted: QuantizeOptions): Promise<Built> => {
    const surveyed = await look(wanted);
    let blueprint = drawUp(surveyed, wanted);
    if (able) for (const stage of stages) blueprint = await stage(blueprint, wanted, able);
    if (isAnalytic(wanted, able !== undefined)) {
      blueprint = await correctAnalytically(given, blueprint, context);
    }
    return { surveyed, blueprint };
  };
  const faster =
    options.only_where_faster && able
      ? await findFaster(model, options, able)
      : { options, notes: new Map<string, PassNote>(), issues: [] };
  const decision = able
    ? await decidePrecision(model, faster.options, able, { look, build })
    : { options: faster.options, reasons: new Map<string, Reason>(), issues: [] };
  const chosen = decision.options;
  const { surveyed, blueprint: built } = await build(chosen);
  const { profile, placement } = surveyed;
  const isTrained = options.recover === 'finetune' && able && built.layers.size > 0;
  const { blueprint, training }: TrainedBlueprint = isTrained
    ? await tuned(built, options, given, { ...able, calibration: calibration! }, able)
    : { blueprint: built };
  const said = new Set([...faster.issues, ...decision.issues].map(({ code }) => code));
  return {
    model: writers[formatOf(chosen, profile)](blueprint),
    changed: true,
    notes: [
      ...notesOf(blueprint, placement)
        .map((note) => faster.notes.get(note.subject) ?? note)
        .map((note) => withReason(note, decision.reasons.get(note.subject))),
      ...(training?.notes ?? []),
    ],
    ...(training ? { curves: training.curves } : {}),
    issues: [
      ...issuesOf(options, blueprint, placement).filter(({ code }) => !said.has(code)),
      ...faster.issues,
      ...decision.issues,
      ...(training?.issues ?? []),
    ],
  };
}

/** As `qat` trains, at the types of the blueprint; the given model teaches unless an earlier one does. */
function tuned(
  blueprint: Blueprint,
  { finetune }: QuantizeOptions,
  given: Model,
  context: Calibration & PassContext,
  calibrated: Calibration & PassContext,
): Promise<TrainedBlueprint> {
  const training = finetune ?? finetuneOptions.parse({});
  const taught = { ...context, original: context.original ?? given };
  return trainBlueprint(blueprint, quantizers[0], training, taught, calibrated);
}

function withReason(note: PassNote, decided: Reason | undefined): PassNote {
  if (!decided) return note;
  return { ...note, reason: decided.reason, why: { ...note.why, ...decided.why } };
}
