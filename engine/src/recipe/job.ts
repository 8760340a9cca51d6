/**
 * The child process that runs a recipe for the language server, so that neither its load nor a crash
 * of the runtime touches the editor. One job a process; messages are in `job-messages.ts`.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAbort } from '../ir/cancellation';
import { CoppiceError } from '../ir/issue';
import { missedTarget } from '../report/report';
import { startRuntime } from '../runtime/client';
import type { JobEvent, JobRequest, JobToProcess } from './job-messages';
import { parseRecipe } from './parse';
import { runInFolder } from './run-in-folder';

const cancel = new AbortController();

process.on('message', (message: JobToProcess) => {
  if (message.type === 'cancel') cancel.abort();
  else void work(message).finally(() => process.disconnect?.());
});
// Without its parent nobody would ever hear of the result: finished steps are kept, the rest is dropped.
process.on('disconnect', () => cancel.abort());

async function work(request: JobRequest): Promise<void> {
  try {
    const { recipe, problems } = parseRecipe(request.text);
    if (!recipe) throw new CoppiceError('recipe', problems[0].message);
    const runtime = await startRuntime({ signal: cancel.signal });
    try {
      const { report, reportFile } = await runInFolder({
        recipe,
        path: request.path,
        text: request.written ? request.text : null,
        folder: request.folder,
        runtime,
        signal: cancel.signal,
        progress: ({ message, fraction }) =>
          send({ type: 'progress', message, fraction: fraction ?? null }),
        page: pageBundle(),
      });
      send({ type: 'done', reportFile, missed: missedTarget(report)?.message ?? null });
    } finally {
      await runtime.close();
    }
  } catch (error) {
    if (isAbort(error)) send({ type: 'cancelled' });
    else send({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

function send(event: JobEvent): void {
  if (process.connected) process.send?.(event);
}

/** The bundle lies beside this one in `dist/`. */
function pageBundle(): string {
  return readFileSync(join(__dirname, 'webview', 'report.js'), 'utf8');
}
