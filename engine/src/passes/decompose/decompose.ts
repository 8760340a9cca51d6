/** Decomposition: layers become chains of smaller ones that do nearly the same. */

import type { Dataset } from '../../data/dataset';
import { inlineFunctions } from '../../ir/inline-functions';
import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { feederFor } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Runtime } from '../../runtime/runtime';
import { teachersOf } from '../finetune/options';
import { idlePatterns } from '../layer-rules';
import type { Pass, PassContext, PassResult } from '../pass';
import { noCalibration } from '../recovery/recover';
import { keptAll, reconstruct } from '../recovery/reconstruct';
import { missedTarget, notesOf } from './account';
import { findDecomposable } from './layers';
import { requireTuning, tuneAfter } from '../recovery/tuning';
import { decomposeOptions, type DecomposeOptions } from './options';
import { targetOf } from './plan';
import { replaceLayers } from './rewrite';
import { settle } from './settle';
import { gather } from './subjects';

export const decompose: Pass<DecomposeOptions> = {
  id: 'decompose',
  title: 'Decomposition',
  doc: 'Replaces convolutions and dense layers by chains of smaller ones that do nearly the same, at ranks that meet a target over the whole model or that the weights themselves suggest. With calibration data the error of what each layer gives is made least, instead of that of its weights, and the result is corrected by least squares, without training.',
  options: decomposeOptions,
  reads: ({ finetune }) => teachersOf(finetune),
  refuse,
  run,
};

function refuse(model: Model): string | undefined {
  const { layers } = findDecomposable(inlineFunctions(model).model);
  if (layers.length === 0) return 'It has no convolution, dense layer or product with a weight.';
  if (layers.some((layer) => !('reason' in layer))) return undefined;
  const reasons = new Set(layers.map((layer) => ('reason' in layer ? layer.reason : '')));
  return `None of its layers can be decomposed: ${[...reasons].slice(0, 3).join('; ')}.`;
}

async function run(
  given: Model,
  options: DecomposeOptions,
  outer: PassContext,
): Promise<PassResult> {
  const { signal, progress, runtime } = outer;
  signal.throwIfAborted();
  requireTuning(options, outer);
  const context = { ...outer, seed: options.seed ?? outer.seed };
  const { model } = inlineFunctions(given);
  const found = findDecomposable(model);
  const names = found.layers.map(({ name }) => [name]);
  const { data, issues: ofData } = await fittingData(model, options, context);
  const { subjects, reasons } = await gather(model, found, options, { ...context, data });
  const target = targetOf(found, subjects, options);
  const clock = options.only_where_faster ? runtime : undefined;
  const decisions = await settle(subjects, { model, options, target, signal, clock, progress });
  const notes = notesOf(found, decisions, reasons);
  const issues = [
    ...idlePatterns(names, options.layers, 'layer', 'inspect'),
    ...ofData,
    ...(options.only_where_faster && !runtime ? [untimed] : []),
    ...missedTarget(found, decisions, target),
  ];
  const replacements = decisions.flatMap(({ subject: { study }, candidate }) =>
    candidate ? [{ layer: study.layer, ...study.decompose(candidate) }] : [],
  );
  if (replacements.length === 0) {
    return { model: given, changed: false, notes, issues: [...issues, nothingDecomposed] };
  }
  const replaced = replaceLayers(model, replacements);
  if (!data || options.recover === 'none') return { model: replaced, changed: true, notes, issues };
  const recovered = await reconstruct(model, replaced, keptAll, { ...context, ...data });
  const tuned = await tuneAfter(model, recovered.model, options, context);
  return {
    model: tuned.model,
    changed: true,
    notes: [...notes, ...tuned.notes],
    issues: [...issues, ...tuned.issues],
    curves: tuned.curves,
  };
}

interface LayerData {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
}

/**
 * Calibration data as the options limit it. Data that does not fit the model is no reason to do
 * nothing, unless it was asked for.
 */
async function fittingData(
  model: Model,
  { samples, recover }: DecomposeOptions,
  { runtime, calibration, seed }: PassContext,
): Promise<{ data?: LayerData; issues: Issue[] }> {
  if (!runtime || !calibration) {
    return { issues: recover === 'reconstruct' ? [noCalibration] : [] };
  }
  const data = {
    runtime,
    calibration: calibration.sample(Math.min(samples, calibration.samples), seed),
  };
  const session = await openModel(runtime, model);
  try {
    feederFor(session, data.calibration);
    return { data, issues: [] };
  } catch (error) {
    const unfit = error instanceof CoppiceError && error.code === 'feeds';
    if (!unfit || recover === 'reconstruct' || recover === 'finetune') throw error;
    const message = `The calibration data is not used: ${error.message}`;
    return { issues: [{ severity: 'warning', code: 'no-recovery', message }] };
  } finally {
    await session.close();
  }
}

const nothingDecomposed: Issue = {
  severity: 'warning',
  code: 'nothing-decomposed',
  message: 'No layer was decomposed; the notes say why for each of them.',
};

const untimed: Issue = {
  severity: 'warning',
  code: 'not-timed',
  message: 'only_where_faster needs a runtime to time layers with; without it, MACs decided alone.',
};
