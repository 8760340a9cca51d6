/** What the language server and the process that works for it say to each other. */

import type { RecipeData } from './schema';

export type JobRequest = RunJob | SensitivityJob;

/** Runs a recipe. */
export interface RunJob {
  readonly type: 'run';
  /** The recipe, and the file it lies in or would lie in. */
  readonly text: string;
  readonly path: string;
  /** False when the recipe was made for this run and no such file exists. */
  readonly written: boolean;
  /** Where state, log, steps and report are kept. */
  readonly folder: string;
}

/** Measures how the layers of a model take quantization, and keeps the table where the editor finds it. */
export interface SensitivityJob {
  readonly type: 'sensitivity';
  /** Path of the model. */
  readonly model: string;
  /** Its paths are relative to the folder of the model. */
  readonly data: RecipeData;
  /** Where the table lies; one job at a time works in a folder. */
  readonly folder: string;
}

export type JobToProcess = JobRequest | { readonly type: 'cancel' };

export type JobEvent =
  | { readonly type: 'progress'; readonly message: string; readonly fraction: number | null }
  /** `missed` says by how much a target was missed; null where all were met. */
  | { readonly type: 'done'; readonly reportFile: string; readonly missed: string | null }
  /** A table was measured. */
  | { readonly type: 'measured' }
  /** `kept` says what goes on when it is started again. */
  | { readonly type: 'cancelled'; readonly kept: string | null }
  | { readonly type: 'failed'; readonly message: string };
