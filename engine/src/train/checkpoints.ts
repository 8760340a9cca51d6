/**
 * Checkpoints of one training: the beginning of the epoch that goes on, to which a loss that diverges
 * leads back, and the step last made. They are written beside the steps.
 */

import { CoppiceError, type Issue } from '../ir/issue';
import { decodeSnapshot, encodeSnapshot } from './checkpoint-format';
import type { Snapshot } from './snapshot';

/** Where checkpoints lie: bytes under names that say by content whose they are. */
export interface CheckpointStore {
  read(name: string): Uint8Array | undefined;
  /** Whole or not at all, and on the disk once it is done. */
  write(name: string, parts: readonly Uint8Array[]): Promise<void>;
}

/** Where a training goes on: at `now`, and back to `begun` where the epoch diverges. */
export interface Standing {
  readonly begun: Snapshot;
  readonly now: Snapshot;
}

export class Checkpoints {
  readonly issues: Issue[] = [];
  private readonly name: string;
  private last = performance.now();
  private written: Snapshot | undefined;
  private writing: Promise<void> = Promise.resolve();
  private isBusy = false;

  /** @param seconds between two of them while an epoch goes on. */
  constructor(
    private readonly store: CheckpointStore,
    private readonly identity: string,
    private readonly seconds: number,
  ) {
    this.name = `training-${identity.slice(0, 16)}`;
  }

  /** What an earlier run of the same training left; a damaged file is as good as none, and said. */
  read(): Standing | undefined {
    const begun = this.take('epoch');
    if (!begun) return undefined;
    const step = this.take('step');
    this.written = begun;
    const now = step && isOfEpoch(step, begun) ? step : begun;
    const done = now.curve.epochs.length * now.curve.stepsPerEpoch + now.at;
    this.issues.push({
      severity: 'information',
      code: 'training-resumed',
      message: `Training went on behind step ${done} of ${now.curve.steps}, where an earlier run was stopped.`,
    });
    return { begun, now };
  }

  get isDue(): boolean {
    return !this.isBusy && performance.now() - this.last >= this.seconds * 1000;
  }

  /** After a step: writes where it stands if the last time is long ago and nothing is being written. */
  offer({ begun, now }: Standing): void {
    if (!this.isDue) return;
    this.enqueue(async () => {
      if (this.written !== begun) await this.put('epoch', begun);
      await this.put('step', now);
      this.written = begun;
    });
  }

  /** Where the run is stopped. */
  async stop(standing: Standing): Promise<void> {
    await this.writing;
    this.last = -Infinity;
    this.offer(standing);
  }

  /** Between two epochs, or where one is begun again. */
  async keep(begun: Snapshot): Promise<void> {
    await this.writing;
    this.enqueue(async () => {
      await this.put('epoch', begun);
      this.written = begun;
    });
  }

  /** Waits for what is being written. */
  async end(): Promise<void> {
    await this.writing;
  }

  /** A disk that is full costs the checkpoint, not the training. */
  private enqueue(write: () => Promise<void>): void {
    this.last = performance.now();
    this.isBusy = true;
    this.writing = this.writing
      .then(write)
      .catch((error: unknown) => this.warn('No checkpoint could be written', error))
      .finally(() => (this.isBusy = false));
  }

  private put(which: 'epoch' | 'step', snapshot: Snapshot): Promise<void> {
    return this.store.write(`${this.name}.${which}`, encodeSnapshot(this.identity, snapshot));
  }

  private take(which: 'epoch' | 'step'): Snapshot | undefined {
    try {
      const bytes = this.store.read(`${this.name}.${which}`);
      return bytes && decodeSnapshot(this.identity, bytes);
    } catch (error) {
      this.warn('A checkpoint of an earlier run could not be taken up', error);
      return undefined;
    }
  }

  private warn(what: string, error: unknown): void {
    const why = error instanceof CoppiceError || error instanceof Error ? error.message : error;
    const message = `${what}: ${String(why)}`;
    if (this.issues.some((issue) => issue.message === message)) return;
    this.issues.push({ severity: 'warning', code: 'checkpoint', message });
  }
}

/** A step of an earlier epoch, or of an attempt that diverged, is no use any more. */
function isOfEpoch(step: Snapshot, begun: Snapshot): boolean {
  return step.curve.epochs.length === begun.curve.epochs.length && step.retries === begun.retries;
}
