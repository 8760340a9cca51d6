/** Keeps `status.json` of a run's folder up to date, so that whoever looks sees how far the run is. */

import { dirname, resolve } from 'node:path';
import type { RunStatus, StepStatus } from '#protocol/run-status';
import type { TrainingCurve } from '#protocol/training';
import type { RunProgress } from './run';
import type { RunFolder } from './run-folder';
import { stepOf, type Recipe } from './schema';

/** The file is written at most this often while a run goes on, in milliseconds. */
const pause = 400;

export class LiveStatus {
  private status: RunStatus;
  private written = -Infinity;

  /** @param path where the recipe lies; `isFile` where there really is such a file. */
  constructor(
    private readonly folder: RunFolder,
    recipe: Recipe,
    path: string,
    isFile: boolean,
    private readonly now: () => number = () => performance.now(),
  ) {
    const directory = dirname(resolve(path));
    this.status = {
      ...{ version: 1, state: 'running', pid: process.pid },
      recipe: isFile ? resolve(path) : null,
      model: resolve(directory, recipe.model),
      output: resolve(directory, recipe.output),
      ...{ message: 'starting', fraction: 0, at: 0 },
      steps: recipe.steps.map((step) => {
        const { pass, options } = stepOf(step);
        return { pass, options: options as StepStatus['options'], curves: [] };
      }),
    };
    this.write();
  }

  progress({ message, fraction, step, training }: RunProgress): void {
    const at = step ?? this.status.at;
    this.status = { ...this.status, message, fraction: fraction ?? this.status.fraction, at };
    if (training) this.keep(at, training.curve);
    if (this.now() - this.written >= pause) this.write();
  }

  end(state: Exclude<RunStatus['state'], 'running'>, message: string): void {
    this.status = { ...this.status, state, message };
    this.write();
  }

  /** Several trainings of one step differ in their titles. */
  private keep(at: number, curve: TrainingCurve): void {
    const steps = this.status.steps.map((step, i) => {
      if (i !== at) return step;
      const known = step.curves.some(({ title }) => title === curve.title);
      const replaced = step.curves.map((each) => (each.title === curve.title ? curve : each));
      return { ...step, curves: known ? replaced : [...step.curves, curve] };
    });
    this.status = { ...this.status, steps };
  }

  private write(): void {
    this.written = this.now();
    try {
      this.folder.write('status.json', JSON.stringify(this.status));
    } catch {
      // Whoever reads it may hold it for a moment, on some systems; the next one is written again.
    }
  }
}
