/**
 * The child process that works for the language server: runs a recipe or measures a sensitivity table, so that neither its load nor a crash
 * of the runtime touches the editor. One job a process; messages are in `job-messages.ts`.
 */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Cancelled, delayed, isAbort } from '../ir/cancellation';
import { CoppiceError, isError } from '../ir/issue';
import { loadModel } from '../onnx/load';
import type { Progress } from '../passes/pass';
import { missedTarget } from '../report/report';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { cacheBeside } from './cache-folder';
import { openRecipeData } from './data-source';
import type { JobEvent, JobRequest, JobToProcess, RunJob, SensitivityJob } from './job-messages';
import { parseRecipe } from './parse';
import { runInFolder } from './run-in-folder';
import { sensitivityOptions, sensitivityTable } from './sensitivity';
import { homeOf, writeSensitivity } from './sensitivity-folder';

const cancel = new AbortController();

process.on('message', (message: JobToProcess) => {
  if (message.type === 'cancel') cancel.abort();
  else void work(message).finally(() => process.disconnect?.());
});
// Without its parent nobody would ever hear of the result: finished steps are kept, the rest is dropped.
process.on('disconnect', () => cancel.abort());

async function work(request: JobRequest): Promise<void> {
  try {
    if (request.type === 'sensitivity') await measure(request);
    else await run(request);
  } catch (error) {
    const kept = error instanceof Cancelled ? error.message : null;
    if (isAbort(error)) send({ type: 'cancelled', kept });
    else send({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

async function run(request: RunJob): Promise<void> {
  const { recipe, problems } = parseRecipe(request.text);
  if (!recipe) throw new CoppiceError('recipe', problems[0].message);
  const runtime = await startRuntime({ signal: delayed(cancel.signal) });
  try {
    const { report, reportFile } = await runInFolder({
      recipe,
      path: request.path,
      text: request.written ? request.text : null,
      folder: request.folder,
      runtime,
      signal: cancel.signal,
      progress,
      page: pageBundle(),
    });
    send({ type: 'done', reportFile, missed: missedTarget(report)?.message ?? null });
  } finally {
    await runtime.close();
  }
}

async function measure({ model: path, data }: SensitivityJob): Promise<void> {
  const { model, issues } = loadModel(path);
  const broken = issues.find(isError);
  if (broken) throw new CoppiceError('broken-model', `${path} cannot be used: ${broken.message}`);
  const { calibration } = await openRecipeData(data, dirname(path), model);
  let runtime: Runtime | undefined;
  try {
    const table = await sensitivityTable(
      model,
      path,
      calibration!,
      sensitivityOptions.parse({ label_offset: data.label_offset }),
      {
        signal: cancel.signal,
        progress,
        runtime: async () => (runtime = await startRuntime({ signal: cancel.signal })),
        cache: cacheBeside(join(homeOf(path), 'coppice.yaml')),
      },
    );
    writeSensitivity(table, path);
    send({ type: 'measured' });
  } finally {
    await runtime?.close();
  }
}

function progress({ message, fraction }: Progress): void {
  send({ type: 'progress', message, fraction: fraction ?? null });
}

function send(event: JobEvent): void {
  if (process.connected) process.send?.(event);
}

/** The bundle lies beside this one in `dist/`. */
function pageBundle(): string {
  return readFileSync(join(__dirname, 'webview', 'report.js'), 'utf8');
}
