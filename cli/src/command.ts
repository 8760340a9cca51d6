/** What a verb of the command line is. `commands/index.ts` lists all verbs. */

export interface Command {
  /** `inspect`, `prune` … */
  readonly name: string;
  /** One line for `coppice --help`. */
  readonly summary: string;
  /** For example `coppice inspect MODEL`. */
  readonly usage: string;
  readonly flags: readonly Flag[];
  /** Does the work and gives the exit code: 0 done, 1 target not met, 2 bad usage or input. */
  run(invocation: Invocation): Promise<number>;
}

export interface Flag {
  /** Without dashes: `max-ratio`. */
  readonly name: string;
  readonly short?: string;
  /** `strings` may be given several times and gives a list. */
  readonly type: 'string' | 'strings' | 'number' | 'boolean' | 'numbers' | 'json';
  /** What stands for the value in the help, for example `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export type FlagValue = string | number | boolean | readonly number[] | object;

export interface Invocation {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, FlagValue | undefined>>;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** Where a command writes: results to stdout, everything else to stderr. */
export interface Terminal {
  /** Text, or one JSON object when `--json` was given. */
  result(text: string): void;
  /** A line that is not part of the result. */
  note(text: string): void;
  progress(message: string, fraction?: number): void;
  /** Removes the progress bar. */
  settle(): void;
  /** Columns of the terminal; 100 when the output is no terminal. */
  readonly width: number;
}
