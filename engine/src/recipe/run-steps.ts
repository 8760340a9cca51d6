/** The steps of a run, one after the other; finished ones are taken from the run's folder. */

import { dirname, resolve } from 'node:path';
import type { Target } from '../device/profile';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import { readModelFile } from '../onnx/read';
import { writeModelFile } from '../onnx/write';
import { passes } from '../passes';
import type { Pass, Progress } from '../passes/pass';
import type { ModelFigures } from '../report/report';
import type { CheckpointStore } from '../train/checkpoints';
import { cacheBeside } from './cache-folder';
import type { RecipeDatasets } from './data-source';
import { canonicalJson, fileHash, modelHash, textHash } from './identity';
import type { Meter } from './meter';
import type { RunRequest } from './run';
import { emptyState, type FinishedStep } from './run-folder';
import { stepOf, type Recipe } from './schema';

/** What all steps of a run share. */
export interface Surroundings {
  readonly data: RecipeDatasets;
  readonly meter: Meter;
  readonly device: Target | undefined;
  readonly checkpoints: CheckpointStore;
}

export interface StepsResult {
  readonly before: ModelFigures;
  readonly steps: readonly FinishedStep[];
  readonly result: Model;
}

/** Share of the whole run's progress bar that the steps fill; the rest is measuring and verifying. */
const stepsShare = 0.9;

export async function runSteps(
  request: RunRequest,
  model: Model,
  surroundings: Surroundings,
): Promise<StepsResult> {
  const { recipe, folder, signal } = request;
  const { data, meter, device } = surroundings;
  // A device that was calibrated anew may be pruned for differently.
  const figures = device && textHash(canonicalJson(device));
  const identity = [data.calibration?.hash, data.validation?.hash, figures].join();
  const reads = recipe.steps.map((step) => readsOf(step, dirname(resolve(request.path))));
  const state = folder?.readState(identity, reads) ?? emptyState(identity);
  request.progress({ message: 'measuring the original', fraction: 0 });
  const before = state.before ?? (await meter.measure(model));
  folder?.writeState({ ...state, before });

  const steps: FinishedStep[] = [];
  let current = model;
  for (const i of recipe.steps.keys()) {
    signal.throwIfAborted();
    const known = state.steps[i];
    if (known && folder) {
      folder.log(`step ${i + 1} (${known.pass}) is already done`);
      current = readModelFile(folder.file(known.file)).model;
      steps.push(known);
      continue;
    }
    const progress = (own: Progress): void => request.progress({ ...own, step: i });
    const done = await runStep({ ...request, progress }, i, current, {
      original: model,
      reads: reads[i],
      ...surroundings,
    });
    current = done.model;
    steps.push(done.step);
    folder?.writeState({ ...state, before, steps });
  }
  return { before, steps, result: current };
}

/** Hashes of the models that a step reads besides the one it is given. */
function readsOf(step: Recipe['steps'][number], directory: string): readonly string[] {
  const { pass, options } = stepOf(step);
  const files = findPass(pass).reads?.(options) ?? [];
  return files.map((file) => modelHash(resolve(directory, file)));
}

interface StepSurroundings extends Surroundings {
  readonly original: Model;
  /** Hashes of what the step reads. */
  readonly reads: readonly string[];
}

/** Runs one step, measures its result, and keeps it in the run's folder. */
async function runStep(
  request: RunRequest,
  at: number,
  model: Model,
  { original, reads, data, meter, device, checkpoints }: StepSurroundings,
): Promise<{ model: Model; step: FinishedStep }> {
  const { recipe, folder, runtime, signal } = request;
  const { pass: id, options } = stepOf(recipe.steps[at]);
  folder?.log(`step ${at + 1} (${id}) begins`);
  const pass = findPass(id);
  const refusal = pass.refuse(model);
  if (refusal) throw new CoppiceError('refused', `Step ${at + 1}, ${id}: ${refusal}`);
  const share = stepsShare / recipe.steps.length;
  const progress = scaled(request, 0.05 + share * at, share);
  const context = {
    signal,
    seed: recipe.seed,
    progress,
    runtime,
    original,
    directory: dirname(resolve(request.path)),
    calibration: data.calibration,
    validation: data.validation,
    labelOffset: recipe.data?.label_offset,
    device,
    cache: cacheBeside(request.path),
    checkpoints,
  };
  const started = performance.now();
  const result = await pass.run(model, options, context);
  const seconds = (performance.now() - started) / 1000;
  progress({ message: `measuring after ${id}`, fraction: 0.95 });
  const figures = await meter.measure(result.model);
  const file = `step-${at + 1}-${id}.onnx`;
  if (folder) writeModelFile(result.model, folder.file(file));
  folder?.log(`step ${at + 1} (${id}) took ${seconds.toFixed(1)} s`);
  const step: FinishedStep = {
    pass: id,
    options: options as Record<string, unknown>,
    file,
    hash: folder ? fileHash(folder.file(file)) : '',
    reads,
    seconds,
    figures,
    groups: result.notes,
    issues: result.issues.map(({ severity, code, message }) => ({ severity, code, message })),
    maskedError: result.maskedError ?? null,
    ...(result.curves ? { curves: result.curves } : {}),
  };
  return { model: result.model, step };
}

function findPass(id: string): Pass {
  const pass = passes.find((each) => each.id === id);
  if (!pass) throw new CoppiceError('unknown-pass', `There is no pass \`${id}\`.`);
  return pass;
}

/** Progress of a part as progress of the whole. */
function scaled(request: RunRequest, start: number, share: number) {
  return (progress: Progress): void =>
    request.progress({ ...progress, fraction: start + share * (progress.fraction ?? 0) });
}
