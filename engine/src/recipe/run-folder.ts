/**
 * A run's folder, `.coppice/runs/<id>/`: the recipe as it was run, the model after each finished step,
 * the state that lets a run go on where it was stopped, its log and its report.
 */

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { MaskedError } from '../passes/pass';
import type { GroupReport, ModelFigures, ReportIssue, StepReport } from '../report/report';
import { canonicalJson, fileHash } from './identity';

/** What is kept of a finished step. */
export interface FinishedStep {
  readonly pass: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** File name in the folder, with the hash that it must still have. */
  readonly file: string;
  readonly hash: string;
  /** Hashes of other models that it depends on. */
  readonly reads: readonly string[];
  readonly seconds: number;
  readonly figures: ModelFigures;
  readonly groups: readonly GroupReport[];
  readonly issues: readonly ReportIssue[];
  readonly maskedError: MaskedError | null;
  readonly curves?: StepReport['curves'];
}

export interface RunState {
  readonly version: 1;
  /** Identity of the data that the steps saw: content and preprocessing. */
  readonly data: string;
  readonly before: ModelFigures | null;
  readonly steps: readonly FinishedStep[];
}

export function emptyState(data: string): RunState {
  return { version: 1, data, before: null, steps: [] };
}

export class RunFolder {
  constructor(readonly path: string) {
    mkdirSync(path, { recursive: true });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * The state of an earlier attempt on the same data; steps whose file is missing or altered, or that
   * read other models than now, are dropped with what follows.
   *
   * @param reads for each step the hashes of what it reads now.
   */
  readState(data: string, reads: readonly (readonly string[])[]): RunState {
    const file = this.file('state.json');
    if (!existsSync(file)) return emptyState(data);
    try {
      const state = JSON.parse(readFileSync(file, 'utf8')) as RunState;
      if (state.version !== 1 || state.data !== data) return emptyState(data);
      const isUsable = (step: FinishedStep, at: number) =>
        this.isIntact(step) && canonicalJson(step.reads) === canonicalJson(reads[at]);
      const altered = state.steps.findIndex((step, at) => !isUsable(step, at));
      return altered < 0 ? state : { ...state, steps: state.steps.slice(0, altered) };
    } catch {
      // A state that cannot be read is as good as none: the run starts from the beginning.
      return emptyState(data);
    }
  }

  writeState(state: RunState): void {
    this.write('state.json', `${JSON.stringify(state, null, 2)}\n`);
  }

  /** Writes a file whole or not at all. */
  write(name: string, content: string): void {
    const target = this.file(name);
    const temporary = `${target}.${process.pid}.tmp`;
    writeFileSync(temporary, content);
    renameSync(temporary, target);
  }

  log(line: string): void {
    appendFileSync(this.file('log.txt'), `${new Date().toISOString()} ${line}\n`);
  }

  private isIntact(step: FinishedStep): boolean {
    const path = this.file(step.file);
    return existsSync(path) && fileHash(path) === step.hash;
  }
}
