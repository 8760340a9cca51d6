/** The steps of a run, one after the other; finished ones are taken from the run's folder. */

import { CoppiceError, type Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { readModelFile } from '../onnx/read';
import { writeModelFile } from '../onnx/write';
import { passes } from '../passes';
import type { Pass, Progress } from '../passes/pass';
import type { ModelFigures } from '../report/report';
import type { RecipeDatasets } from './data-source';
import { fileHash } from './identity';
import type { Meter } from './meter';
import type { RunRequest } from './run';
import { emptyState, type FinishedStep } from './run-folder';
import { stepOf } from './schema';

export interface StepsResult {
  readonly before: ModelFigures;
  readonly steps: readonly FinishedStep[];
  readonly result: Model;
  readonly issues: readonly Issue[];
}

/** Share of the whole run's progress bar that the steps fill; the rest is measuring and verifying. */
const stepsShare = 0.9;

export async function runSteps(
  request: RunRequest,
  model: Model,
  data: RecipeDatasets,
  meter: Meter,
): Promise<StepsResult> {
  const { recipe, folder, signal } = request;
  const state = folder?.readState() ?? emptyState;
  request.progress({ message: 'measuring the original', fraction: 0 });
  const before = state.before ?? (await meter.measure(model));
  const steps: FinishedStep[] = [];
  const issues: Issue[] = [];
  const keep = (): void => folder?.writeState({ version: 1, before, steps });
  keep();

  let current = model;
  for (const [i, step] of recipe.steps.entries()) {
    signal.throwIfAborted();
    const { pass: id, options } = stepOf(step);
    const known = state.steps[i];
    if (known && folder) {
      folder.log(`step ${i + 1} (${id}) is already done`);
      current = readModelFile(folder.file(known.file)).model;
      steps.push(known);
      continue;
    }
    folder?.log(`step ${i + 1} (${id}) begins`);
    const pass = findPass(id);
    const refusal = pass.refuse(current);
    if (refusal) throw new CoppiceError('refused', `Step ${i + 1}, ${id}: ${refusal}`);
    const progress = scaled(
      request,
      0.05 + (stepsShare * i) / recipe.steps.length,
      stepsShare / recipe.steps.length,
    );
    const started = performance.now();
    const result = await pass.run(current, options, {
      signal,
      seed: recipe.seed,
      progress,
      runtime: request.runtime,
      calibration: data.calibration,
    });
    const seconds = (performance.now() - started) / 1000;
    progress({ message: `measuring after ${id}`, fraction: 0.95 });
    const figures = await meter.measure(result.model);
    current = result.model;
    issues.push(...result.issues);
    const file = `step-${i + 1}-${id}.onnx`;
    if (folder) writeModelFile(current, folder.file(file));
    steps.push({
      pass: id,
      options: options as Record<string, unknown>,
      file,
      hash: folder ? fileHash(folder.file(file)) : '',
      seconds,
      figures,
      groups: result.notes,
      notes: result.issues.map(({ message }) => message),
      maskedError: result.maskedError ?? null,
    });
    keep();
    folder?.log(`step ${i + 1} (${id}) took ${seconds.toFixed(1)} s`);
  }
  return { before, steps, result: current, issues };
}

function findPass(id: string): Pass {
  const pass = passes.find((each) => each.id === id);
  if (!pass) throw new CoppiceError('unknown-pass', `There is no pass \`${id}\`.`);
  return pass;
}

/** Progress of a part as progress of the whole. */
function scaled(request: RunRequest, start: number, share: number) {
  return ({ message, fraction }: Progress): void =>
    request.progress({ message, fraction: start + share * (fraction ?? 0) });
}
