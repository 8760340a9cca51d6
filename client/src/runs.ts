/** One run of a recipe as the user sees it: progress that can be cancelled, then the report. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import {
  cancelRunNotification,
  compressRequest,
  runFinishedNotification,
  runProgressNotification,
  type CompressParams,
  type QuickTarget,
  type RunFinished,
} from '#protocol/messages';
import { CommandFailure, type Context } from './context';
import { showPage } from './pages/panels';

/** A run without its token, which is made here. */
export type RunWhat =
  { readonly recipe: string } | { readonly model: string; readonly target: QuickTarget };

/** Runs, shows progress, and opens the report at the end. Returns when the report is open. */
export async function run(context: Context, title: string, what: RunWhat): Promise<void> {
  const finished = await followJob(context, title, async (token) => {
    const params: CompressParams = { token, ...what };
    await context.request(compressRequest, params);
    return true;
  });
  if (finished?.outcome === 'targetMissed') {
    void vscode.window.showWarningMessage(finished.message ?? 'The target was not met.');
  }
  if (typeof finished?.report === 'string') {
    await showPage(context, { kind: 'report', report: finished.report });
  }
}

/**
 * Starts a job of the server and shows its progress until its end. Gives the end, also of one that was
 * cancelled; undefined where `start` says that there is nothing to follow.
 */
export async function followJob(
  context: Context,
  title: string,
  start: (token: string) => Promise<boolean>,
): Promise<RunFinished | undefined> {
  const finished = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, cancelled) => follow(context, start, progress, cancelled),
  );
  if (finished?.outcome === 'failed') {
    throw new CommandFailure(finished.message ?? 'The run failed.');
  }
  if (finished?.outcome === 'cancelled') {
    vscode.window.setStatusBarMessage('Coppice: the run was cancelled.', 5000);
  }
  return finished;
}

type Progress = vscode.Progress<{ message?: string; increment?: number }>;

async function follow(
  context: Context,
  start: (token: string) => Promise<boolean>,
  progress: Progress,
  cancelled: vscode.CancellationToken,
): Promise<RunFinished | undefined> {
  const token = randomUUID();
  const listeners: vscode.Disposable[] = [];
  let reached = 0;
  try {
    const end = new Promise<RunFinished>((resolve, reject) => {
      listeners.push(
        context.on(runProgressNotification, (step) => {
          if (step.token !== token) return;
          const fraction = Math.max(reached, step.fraction ?? reached);
          progress.report({ message: step.message, increment: (fraction - reached) * 100 });
          reached = fraction;
        }),
        context.on(runFinishedNotification, (done) => {
          if (done.token === token) resolve(done);
        }),
        context.onStopped(() => {
          reject(new CommandFailure('The language server stopped during the run.'));
        }),
        cancelled.onCancellationRequested(() => {
          progress.report({ message: 'Cancelling…' });
          void context.notify(cancelRunNotification, { token });
        }),
      );
    });
    // A server that stops while it is asked fails both; the one that is not waited for must not go unheard.
    end.catch(() => undefined);
    return (await start(token)) ? await end : undefined;
  } finally {
    for (const listener of listeners) listener.dispose();
  }
}
