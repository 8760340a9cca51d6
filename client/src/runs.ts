/** One run of a recipe as the user sees it: progress that can be cancelled, then the report. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import {
  cancelRunNotification,
  compressRequest,
  runFinishedNotification,
  runProgressNotification,
  type CompressParams,
  type RunFinished,
} from '#protocol/messages';
import { CommandFailure, type Context } from './context';
import { showPage } from './pages/panels';

/** A run without its token, which is made here. */
export type RunWhat =
  | { readonly recipe: string }
  | {
      readonly model: string;
      readonly target: { readonly macs?: number; readonly params?: number };
    };

/** Runs, shows progress, and opens the report at the end. Returns when the report is open. */
export async function run(context: Context, title: string, what: RunWhat): Promise<void> {
  const finished = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, cancelled) => follow(context, what, progress, cancelled),
  );
  switch (finished.outcome) {
    case 'failed':
      throw new CommandFailure(finished.message ?? 'The run failed.');
    case 'cancelled':
      vscode.window.setStatusBarMessage('Coppice: the run was cancelled.', 5000);
      return;
    case 'targetMissed':
      void vscode.window.showWarningMessage(finished.message ?? 'The target was not met.');
      break;
    case 'done':
      break;
  }
  if (finished.report !== null) {
    await showPage(context, { kind: 'report', report: finished.report });
  }
}

type Progress = vscode.Progress<{ message?: string; increment?: number }>;

async function follow(
  context: Context,
  what: RunWhat,
  progress: Progress,
  cancelled: vscode.CancellationToken,
): Promise<RunFinished> {
  const token = randomUUID();
  const params: CompressParams = { token, ...what };
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
    const [, done] = await Promise.all([context.request(compressRequest, params), end]);
    return done;
  } finally {
    for (const listener of listeners) listener.dispose();
  }
}
