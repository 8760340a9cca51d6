/** The accuracy of models as runs have measured it, found in the thread that reads models. */

import { stampOf } from '../models/stamp';
import type { ModelThread } from '../models/model-thread';

interface Entry {
  readonly stamp: string;
  /** The share of right answers, or why it is not known. */
  readonly accuracy: number | string;
}

export class AccuracyStore {
  private readonly entries = new Map<string, Entry>();
  private readonly pending = new Set<string>();

  /** @param onChange called when the accuracy of a model has become known. */
  constructor(
    private readonly thread: ModelThread,
    private readonly onChange: (path: string) => void,
  ) {}

  /** What is known now; undefined until it has been looked for. */
  look(path: string): number | string | undefined {
    const entry = this.entries.get(path);
    const stamp = stampOf(path);
    if (stamp !== undefined && entry?.stamp !== stamp) void this.find(path, stamp);
    return entry?.accuracy;
  }

  /** After runs: their reports may know more. */
  forgetAll(): void {
    this.entries.clear();
  }

  private async find(path: string, stamp: string): Promise<void> {
    if (this.pending.has(path)) return;
    this.pending.add(path);
    const accuracy = await this.thread
      .run({ kind: 'accuracy', path })
      .catch((): string => 'its accuracy could not be looked up');
    this.pending.delete(path);
    this.entries.set(path, { stamp, accuracy });
    this.onChange(path);
  }
}
