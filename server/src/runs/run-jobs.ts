/** The child processes that run recipes: one each, with progress, a way to stop them, and an end. */

import { fork, type ChildProcess } from 'node:child_process';
import type { JobEvent, JobRequest, JobToProcess } from '#engine/recipe/job-messages';

export type JobOutcome =
  | { readonly kind: 'done'; readonly reportFile: string; readonly missed: string | null }
  | { readonly kind: 'measured' }
  | { readonly kind: 'cancelled'; readonly kept: string | null }
  | { readonly kind: 'failed'; readonly message: string };

export interface JobListener {
  progress(message: string, fraction: number | null): void;
  /** Called once, last. */
  finished(outcome: JobOutcome): void;
}

interface Job {
  readonly child: ChildProcess;
  readonly folder: string;
  cancelled: boolean;
}

/** How long a job may take to stop by itself, in milliseconds. */
const grace = 15_000;
/** How much of what a job printed before it died is kept. */
const longestLastWords = 2_000;

export class RunJobs {
  private readonly jobs = new Map<string, Job>();

  /** @param script Path of the bundle that does the work, `job.js`. */
  constructor(private readonly script: string) {
    process.once('exit', () => this.killAll());
  }

  /** True while a job works in a run's folder: a second one would get in its way. */
  isRunning(folder: string): boolean {
    return [...this.jobs.values()].some((job) => job.folder === folder);
  }

  start(token: string, request: JobRequest, listener: JobListener): void {
    const child = fork(this.script, [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    const job: Job = { child, folder: request.folder, cancelled: false };
    this.jobs.set(token, job);
    let outcome: JobOutcome | undefined;
    let lastWords = '';
    child.stderr!.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-longestLastWords);
    });
    child.on('message', (event: JobEvent) => {
      if (event.type === 'progress') listener.progress(event.message, event.fraction);
      else outcome = outcomeOf(event);
    });
    const finish = (why: string): void => {
      if (!this.jobs.delete(token)) return;
      const died: JobOutcome = job.cancelled
        ? { kind: 'cancelled', kept: null }
        : { kind: 'failed', message: why };
      listener.finished(outcome ?? died);
    };
    child.on('error', (error) => finish(`The run could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      const last = lastWords.trim().split('\n').at(-1);
      const reason = last ? ` It said: ${last}` : '';
      finish(`The process of the run ended early (${signal ?? `exit code ${code}`}).${reason}`);
    });
    child.send(request satisfies JobToProcess);
  }

  cancel(token: string): void {
    const job = this.jobs.get(token);
    if (!job || job.cancelled) return;
    job.cancelled = true;
    if (job.child.connected) job.child.send({ type: 'cancel' } satisfies JobToProcess);
    setTimeout(() => this.jobs.get(token)?.child.kill('SIGKILL'), grace).unref();
  }

  killAll(): void {
    for (const { child } of this.jobs.values()) child.kill('SIGKILL');
  }
}

function outcomeOf(event: Exclude<JobEvent, { type: 'progress' }>): JobOutcome {
  switch (event.type) {
    case 'done':
      return { kind: 'done', reportFile: event.reportFile, missed: event.missed };
    case 'measured':
      return { kind: 'measured' };
    case 'cancelled':
      return { kind: 'cancelled', kept: event.kept };
    case 'failed':
      return { kind: 'failed', message: event.message };
  }
}
