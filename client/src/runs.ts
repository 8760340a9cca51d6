/** One run of a recipe as the user sees it: its page, progress that can be cancelled, then the report. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import {
  cancelRunNotification,
  compressRequest,
  runFinishedNotification,
  runProgressNotification,
  type QuickTarget,
  type RunFinished,
} from '#protocol/messages';
import { CommandFailure, type Context } from './context';
import { ownRuns } from './own-runs';
import { isVisible, refreshPage, showPage } from './pages/panels';

/** A run without its token, which is made here. */
export type RunWhat =
  { readonly recipe: string } | { readonly model: string; readonly target: QuickTarget };

/** Runs with its page open, which becomes the report at the end. Returns when the run has ended. */
export async function run(context: Context, title: string, what: RunWhat): Promise<void> {
  let report: string | undefined;
  let isShown = false;
  const show = async (): Promise<void> => {
    if (report === undefined || isShown) return;
    isShown = true;
    await showPage(context, { kind: 'report', report });
  };
  const start = async (token: string, cancel: () => void): Promise<boolean> => {
    const { folder } = await context.request(compressRequest, { token, ...what });
    report = vscode.Uri.joinPath(vscode.Uri.file(folder), 'report.json').toString();
    ownRuns.set(report, cancel);
    return true;
  };
  let finished: RunFinished | undefined;
  try {
    // Before the first step nothing of the run is written that a page could show.
    finished = await followJob(context, title, start, () => void show());
  } finally {
    if (report !== undefined) {
      ownRuns.delete(report);
      await refreshPage({ kind: 'report', report });
    }
  }
  if (finished?.outcome === 'targetMissed') {
    void vscode.window.showWarningMessage(finished.message ?? 'The target was not met.');
  }
  if (typeof finished?.report !== 'string' || report === undefined) return;
  await show();
  if (!isVisible({ kind: 'report', report })) void offerReport(context, title, report);
}

/** Whoever closed the page or looks at something else is told, and not disturbed. */
async function offerReport(context: Context, title: string, report: string): Promise<void> {
  const choice = await vscode.window.showInformationMessage(`${title}: done.`, 'Show Report');
  if (choice !== undefined) await showPage(context, { kind: 'report', report });
}

/**
 * Starts a job of the server and shows its progress until its end. Gives the end, also of one that was
 * cancelled; undefined where `start` says that there is nothing to follow.
 */
export async function followJob(
  context: Context,
  title: string,
  start: Start,
  progressed: () => void = () => undefined,
): Promise<RunFinished | undefined> {
  const finished = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, cancelled) => follow(context, start, tell(progress, progressed), cancelled),
  );
  if (finished?.outcome === 'failed') {
    throw new CommandFailure(finished.message ?? 'The run failed.');
  }
  if (finished?.outcome === 'cancelled') {
    const kept = finished.message === null ? '.' : `; ${finished.message}`;
    vscode.window.setStatusBarMessage(`Coppice: the run was cancelled${kept}`, 5000);
  }
  return finished;
}

/** Is given what marks the job, and a way to stop it; says whether there is anything to follow. */
type Start = (token: string, cancel: () => void) => Promise<boolean>;

type Progress = vscode.Progress<{ message?: string; increment?: number }>;

function tell(progress: Progress, progressed: () => void): Progress {
  return {
    report: (step) => {
      progress.report(step);
      progressed();
    },
  };
}

async function follow(
  context: Context,
  start: Start,
  progress: Progress,
  cancelled: vscode.CancellationToken,
): Promise<RunFinished | undefined> {
  const token = randomUUID();
  const listeners: vscode.Disposable[] = [];
  let reached = 0;
  const cancel = (): void => {
    progress.report({ message: 'Cancelling…' });
    void context.notify(cancelRunNotification, { token });
  };
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
        cancelled.onCancellationRequested(cancel),
      );
    });
    // A server that stops while it is asked fails both; the one that is not waited for must not go unheard.
    end.catch(() => undefined);
    return (await start(token, cancel)) ? await end : undefined;
  } finally {
    for (const listener of listeners) listener.dispose();
  }
}
