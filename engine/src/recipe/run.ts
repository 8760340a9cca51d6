/**
 * Runs a recipe: each step on the result of the one before, every model measured the same way, the
 * result verified, then written. With a folder the run can be stopped and goes on where it was.
 */

import { dirname, resolve } from 'node:path';
import { bytesOnDisk } from '../budget/facts';
import type { Dataset } from '../data/dataset';
import { estimate } from '../device/estimate';
import { findTarget } from '../device/find-target';
import type { Target } from '../device/profile';
import { loadDevices } from '../device/store';
import { workloadOf } from '../device/workload';
import { inspect } from '../inspect/inspect';
import { Cancelled, isAbort } from '../ir/cancellation';
import { CoppiceError, isError, type Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { loadModel } from '../onnx/load';
import type { Progress } from '../passes/pass';
import { deviceReport, memoryIssues } from '../report/device-report';
import { compareLayers } from '../report/figures';
import { measureLayers, type LayerTimes } from '../report/layer-times';
import type { Report, ReportData, StepReport, Timing } from '../report/report';
import { verifyModel } from '../report/verify';
import type { Runtime } from '../runtime/runtime';
import { toolName } from '../version';
import { budgetIssues } from './budget-issues';
import { checkpointsBeside, type CheckpointFolder } from './checkpoint-folder';
import { openRecipeData, type RecipeDatasets } from './data-source';
import { canonicalJson, decisiveOf, modelHash, textHash } from './identity';
import { integerSpeedIssue } from './integer-speed';
import { createMeter } from './meter';
import { withProvenance } from './provenance';
import type { FinishedStep, RunFolder } from './run-folder';
import { runSteps } from './run-steps';
import type { Recipe } from './schema';
import { speedIssue } from './speed';
import { checkTargets, targetIssues } from './targets';
import { writeResult } from './write-result';

export interface RunRequest {
  readonly recipe: Recipe;
  /** Where the recipe lies, or would lie: paths in it are relative to this file. */
  readonly path: string;
  /** Its text as the person wrote it; null for a run that was asked for without a file. */
  readonly text: string | null;
  /** Keeps state, log and steps; without it the run cannot be resumed. */
  readonly folder?: RunFolder;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  progress(progress: RunProgress): void;
}

export interface RunProgress extends Progress {
  /** Index of the step that goes on; absent before the first and after the last. */
  readonly step?: number;
}

/** @throws CoppiceError when the model or data cannot be read, or a pass refuses the model. */
export async function runRecipe(request: RunRequest): Promise<Report> {
  const { recipe, runtime, signal } = request;
  const directory = dirname(resolve(request.path));
  const source = resolve(directory, recipe.model);
  const output = resolve(directory, recipe.output);
  const { model, issues } = openSource(source);
  const data = await openRecipeData(recipe.data, directory, model);
  const device = await targetOfRecipe(recipe);
  const checkpoints = checkpointsBeside(request.path);
  const meter = await createMeter({
    ...{ runtime, original: model, path: source, recipe, data, device, signal },
  });
  try {
    const surroundings = { data, meter, device, checkpoints };
    const { before, steps, result } = await runSteps(request, model, surroundings);
    signal.throwIfAborted();
    request.progress({ message: 'verifying the result', fraction: 0.97 });
    const provenance = {
      recipe: textHash(canonicalJson(decisiveOf(recipe))),
      source: modelHash(source),
      seed: recipe.seed,
    };
    const finished = withProvenance(result, provenance);
    const verification = await verifyModel(runtime, finished, {
      steps,
      directory: dirname(source),
      signal,
    });
    writeResult(finished, output, source);
    checkpoints.clear();
    const after = steps.at(-1)!.figures;
    request.progress({ message: 'timing the layers', fraction: 0.98 });
    const times = await timesOf(runtime, [model, finished], dirname(source), signal);
    const inspections = [inspect(model, { path: source }), inspect(finished, { path: output })];
    const estimates = device && [model, finished].map((each) => estimate(workloadOf(each), device));
    const layers = compareLayers(inspections[0], inspections[1], times, estimates);
    const timing = times && { before: timingOf(times[0]), after: timingOf(times[1]) };
    const slower =
      (timing && integerSpeedIssue(timing, layers, steps)) ??
      speedIssue(before, after, steps, device);
    const deviceFigures = device && estimates && deviceReport(device, inspections, estimates);
    const written = openSource(output).model;
    const bytes = { before: bytesOnDisk(model, source), after: bytesOnDisk(written, output) };
    const targets = checkTargets(recipe.target, {
      ...{ before, after, bytes, metric: meter.metric, device: deviceFigures },
    });
    const all = [
      ...issues,
      ...steps.flatMap((step) => step.issues),
      ...meter.issues,
      ...(slower ? [slower] : []),
      ...(deviceFigures ? memoryIssues(deviceFigures) : []),
      ...targetIssues(targets),
      ...(await budgetIssues(recipe, { model: written, output, after, metric: meter.metric })),
    ];
    return {
      version: 1,
      tool: toolName,
      created: new Date().toISOString(),
      recipe: {
        path: request.text === null ? null : resolve(request.path),
        text: request.text,
        hash: provenance.recipe,
      },
      model: { path: source, hash: provenance.source },
      output,
      seed: recipe.seed,
      ...dataReport(data),
      runtime: runtime.name,
      metric: meter.metric,
      before,
      after,
      steps: steps.map(stepReport),
      verification,
      ...(timing ? { timing } : {}),
      ...(deviceFigures ? { device: deviceFigures } : {}),
      ...(targets.length > 0 ? { targets } : {}),
      layers,
      issues: all.map(({ severity, code, message }) => ({ severity, code, message })),
    };
  } catch (error) {
    const kept = isAbort(error) && keptOf(request, checkpoints);
    throw kept ? new Cancelled(kept, { cause: error }) : error;
  } finally {
    await meter.close();
  }
}

/** What a run that was cancelled leaves behind; undefined where it begins anew the next time. */
function keptOf({ folder }: RunRequest, checkpoints: CheckpointFolder): string | undefined {
  const again = 'when the same command is run again.';
  if (folder) return `what was finished is kept, and the run goes on there ${again}`;
  if (checkpoints.holds()) return `the training goes on from its last checkpoint ${again}`;
  return undefined;
}

async function targetOfRecipe({ device }: Recipe): Promise<Target | undefined> {
  return device === undefined ? undefined : findTarget(device, (await loadDevices()).devices);
}

/** Undefined where random inputs do not fit the models. */
async function timesOf(
  runtime: Runtime,
  models: readonly Model[],
  directory: string,
  signal: AbortSignal,
): Promise<LayerTimes[] | undefined> {
  try {
    return await measureLayers(runtime, models, { directory, signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    return undefined;
  }
}

function timingOf({ totalMs, layersMs, conversionsMs }: LayerTimes): Timing {
  return { totalMs, layersMs, conversionsMs };
}

function dataReport({ calibration, validation }: RecipeDatasets): Pick<Report, 'data'> {
  if (!calibration) return {};
  const of = ({ path, samples, hash }: Dataset): ReportData => ({ path, samples, hash });
  const measured = validation ? { validation: of(validation) } : {};
  return { data: { calibration: of(calibration), ...measured } };
}

function stepReport(step: FinishedStep): StepReport {
  const { pass, options, seconds, figures, groups, issues, curves } = step;
  const notes = issues.map(({ message }) => message);
  return { pass, options, seconds, figures, groups, notes, ...(curves ? { curves } : {}) };
}

function openSource(path: string): { model: Model; issues: Issue[] } {
  const { model, issues } = loadModel(path);
  const broken = issues.find(isError);
  if (broken) throw new CoppiceError('broken-model', `${path} cannot be used: ${broken.message}`);
  return { model, issues };
}
