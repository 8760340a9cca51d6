/**
 * What is known of the models, by path. Looking one up costs a `stat` and never waits: what is not
 * known yet is read in the background, what somebody looks at before what nobody asked for.
 */

import type { ModelThread } from './model-thread';
import { failedReading, type ModelReading } from './reading';
import { stampOf } from './stamp';

export type ModelState =
  | { readonly kind: 'missing' }
  /** Being read; `reading` is what the file held before it changed. */
  | { readonly kind: 'reading'; readonly reading?: ModelReading }
  | { readonly kind: 'known'; readonly reading: ModelReading };

interface Entry {
  readonly stamp: string;
  readonly reading: ModelReading;
}

/** How many models are kept; the one that was not asked for the longest goes first. */
const capacity = 512;

export class ModelStore {
  /** In the order of last use. */
  private readonly entries = new Map<string, Entry>();
  private readonly wanted = new Map<string, 'first' | 'later'>();
  private readonly waiting = new Map<string, ((reading: ModelReading) => void)[]>();
  private current: string | undefined;
  private closed = false;

  /**
   * @param onChange Called when models have become known or when there is nothing more to read.
   */
  constructor(
    private readonly thread: ModelThread,
    private readonly onChange: (path: string | undefined) => void,
  ) {}

  /** What is known of a model now. */
  look(path: string, urgency: 'first' | 'later' = 'first'): ModelState {
    const stamp = stampOf(path);
    if (stamp === undefined) return { kind: 'missing' };
    const entry = this.entries.get(path);
    if (entry) {
      this.entries.delete(path);
      this.entries.set(path, entry);
      if (entry.stamp === stamp) return { kind: 'known', reading: entry.reading };
    }
    this.want(path, urgency);
    return { kind: 'reading', reading: entry?.reading };
  }

  /** What is known without asking for more. */
  peek(path: string): ModelReading | undefined {
    return this.entries.get(path)?.reading;
  }

  /** Reads a model unless it is known; a missing file gives a reading with a problem. */
  async read(path: string): Promise<ModelReading> {
    const state = this.look(path);
    if (state.kind === 'known') return state.reading;
    if (state.kind === 'missing') {
      return failedReading(path, `${path} does not exist.`);
    }
    return new Promise((resolve) => {
      this.waiting.set(path, [...(this.waiting.get(path) ?? []), resolve]);
    });
  }

  get busyWith(): string | undefined {
    return this.current;
  }

  forgetAll(): void {
    this.entries.clear();
  }

  close(): void {
    this.closed = true;
    this.thread.close();
  }

  private want(path: string, urgency: 'first' | 'later'): void {
    if (this.current === path) return;
    if (this.wanted.get(path) !== 'first') this.wanted.set(path, urgency);
    if (this.current === undefined) void this.work();
  }

  private async work(): Promise<void> {
    for (let path = this.next(); path !== undefined && !this.closed; path = this.next()) {
      this.current = path;
      this.wanted.delete(path);
      const stamp = stampOf(path) ?? '';
      const reading = await this.readNow(path);
      this.keep(path, { stamp, reading });
      this.current = undefined;
      for (const resolve of this.waiting.get(path) ?? []) resolve(reading);
      this.waiting.delete(path);
      this.onChange(path);
    }
    if (!this.closed) this.onChange(undefined);
  }

  private readNow(path: string): Promise<ModelReading> {
    return this.thread
      .run({ kind: 'read', path })
      .catch((error: Error) => failedReading(path, error.message));
  }

  private next(): string | undefined {
    for (const [path, urgency] of this.wanted) if (urgency === 'first') return path;
    return this.wanted.keys().next().value;
  }

  private keep(path: string, entry: Entry): void {
    this.entries.delete(path);
    this.entries.set(path, entry);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= capacity) break;
      this.entries.delete(oldest);
    }
  }
}
