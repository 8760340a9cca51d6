/**
 * What is advised for the layers of models, by path. It is worked out in a thread of its own, one model
 * at a time and only while no model waits to be read, so that neither hints nor keystrokes wait for it.
 */

import type { LayerAdvice, ModelAdvice } from '#protocol/inspection';
import type { ModelThread } from './model-thread';
import { stampOf } from './stamp';

/** A model's advice by the names of its layers. */
export interface KnownAdvice {
  readonly layers: ReadonlyMap<string, LayerAdvice>;
  /** Why there is none, or none for some layers; null where every layer has one. */
  readonly note: string | null;
}

interface Entry {
  readonly stamp: string;
  readonly advice: KnownAdvice;
}

/** How many models' advice is kept; the one that was not asked for the longest goes first. */
const capacity = 64;

export class AdviceStore {
  /** In the order of last use. */
  private readonly entries = new Map<string, Entry>();
  private readonly wanted = new Set<string>();
  private current: string | undefined;
  private closed = false;

  /**
   * @param isFree whether nothing more urgent is going on; else `resume` is called later.
   * @param onChange called when the advice for a model has become known.
   */
  constructor(
    private readonly thread: ModelThread,
    private readonly isFree: () => boolean,
    private readonly onChange: (path: string) => void,
  ) {}

  /** What is advised; undefined while it is not known, which starts working it out. */
  look(path: string): KnownAdvice | undefined {
    const stamp = stampOf(path);
    if (stamp === undefined) return undefined;
    const entry = this.entries.get(path);
    if (entry) {
      this.entries.delete(path);
      this.entries.set(path, entry);
    }
    // What was said of the file before it changed is kept while it is looked at again.
    if (entry?.stamp !== stamp && this.current !== path) {
      this.wanted.add(path);
      this.resume();
    }
    return entry?.advice;
  }

  /** Goes on with what is wanted, if it may. */
  resume(): void {
    if (this.current === undefined && !this.closed) void this.work();
  }

  forgetAll(): void {
    this.entries.clear();
  }

  close(): void {
    this.closed = true;
    this.thread.close();
  }

  private async work(): Promise<void> {
    while (!this.closed && this.isFree()) {
      const [path] = this.wanted;
      if (path === undefined) return this.rest();
      this.current = path;
      this.wanted.delete(path);
      const stamp = stampOf(path) ?? '';
      const advice = await this.thread.run({ kind: 'advise', path }).then(
        (given): ModelAdvice => given,
        (error: Error): ModelAdvice => ({ layers: [], note: error.message }),
      );
      this.current = undefined;
      if (this.closed) return;
      const layers = new Map(advice.layers.map((each) => [each.layer, each]));
      this.keep(path, { stamp, advice: { layers, note: advice.note } });
      this.onChange(path);
    }
  }

  /** The thread holds the last model's weights; the next one starts it anew. */
  private rest(): void {
    this.thread.close();
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
