/** What `status.json` in a run's folder says of the run while it goes on, and how it stopped. */

import type { TrainingCurve } from './training';

export interface RunStatus {
  readonly version: 1;
  /** `done`: there is a report beside it. */
  readonly state: 'running' | 'done' | 'stopped' | 'failed';
  /** The process that runs it: one that is gone has stopped, whatever the state says. */
  readonly pid: number;
  /** Path of the recipe; null where there is no such file. */
  readonly recipe: string | null;
  readonly model: string;
  readonly output: string;
  /** What is going on, or why the run failed. */
  readonly message: string;
  /** Share of the whole run that is done, 0 … 1. */
  readonly fraction: number;
  /** Index of the step that goes on: those before it are done. */
  readonly at: number;
  readonly steps: readonly StepStatus[];
}

export interface StepStatus {
  readonly pass: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Of its trainings so far. */
  readonly curves: readonly TrainingCurve[];
}

/** Enough to draw it without a crash. */
export function isRunStatus(value: unknown): value is RunStatus {
  const { version, state, pid, model, output, fraction, steps } = (value ?? {}) as RunStatus;
  return (
    version === 1 &&
    ['running', 'done', 'stopped', 'failed'].includes(state) &&
    [model, output].every((each) => typeof each === 'string') &&
    [pid, fraction].every((each) => typeof each === 'number') &&
    Array.isArray(steps) &&
    steps.every((step: Partial<StepStatus> | null) => Array.isArray(step?.curves))
  );
}
