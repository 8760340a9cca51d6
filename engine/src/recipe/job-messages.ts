/** What the language server and the process that runs a recipe say to each other. */

export interface JobRequest {
  readonly type: 'run';
  /** The recipe, and the file it lies in or would lie in. */
  readonly text: string;
  readonly path: string;
  /** False when the recipe was made for this run and no such file exists. */
  readonly written: boolean;
  /** Where state, log, steps and report are kept. */
  readonly folder: string;
}

export type JobToProcess = JobRequest | { readonly type: 'cancel' };

export type JobEvent =
  | { readonly type: 'progress'; readonly message: string; readonly fraction: number | null }
  /** `missed` says by how much a target was missed; null where all were met. */
  | { readonly type: 'done'; readonly reportFile: string; readonly missed: string | null }
  | { readonly type: 'cancelled' }
  | { readonly type: 'failed'; readonly message: string };
