/**
 * What models are estimated to take on devices, by path and device. Estimates are made in the thread
 * that reads models and kept; looking one up never waits.
 */

import type { LatencyEstimate } from '#protocol/device';
import { targetId, type Target } from '#engine/device/profile';
import type { ModelThread } from './model-thread';
import { stampOf } from './stamp';

interface Entry {
  readonly stamp: string;
  /** The profile it was made with: another one of the same name gives other figures. */
  readonly profile: Target['profile'];
  /** Undefined where there is none. */
  readonly estimate: LatencyEstimate | undefined;
}

/** How many models are kept; the one that was not asked for the longest goes first. */
const capacity = 256;

export class LatencyStore {
  /** By path, in the order of last use, then by id of the target. */
  private readonly entries = new Map<string, Map<string, Entry>>();
  private readonly pending = new Map<string, Promise<void>>();

  /** @param onChange called when estimates for a model have become known. */
  constructor(
    private readonly thread: ModelThread,
    private readonly onChange: (path: string) => void,
  ) {}

  /** What is known now, in the order of the targets; what is not is worked out. */
  look(path: string, targets: readonly Target[]): readonly LatencyEstimate[] {
    if (targets.length === 0) return [];
    void this.find(path, targets);
    const entries = this.entries.get(path);
    return targets.flatMap((target) => entries?.get(targetId(target))?.estimate ?? []);
  }

  /** The same, once all of it is known. */
  async read(path: string, targets: readonly Target[]): Promise<readonly LatencyEstimate[]> {
    await this.find(path, targets);
    return this.look(path, targets);
  }

  forgetAll(): void {
    this.entries.clear();
  }

  /** Works out what is missing or was made of something else. */
  private find(path: string, targets: readonly Target[]): Promise<void> {
    const stamp = stampOf(path);
    if (stamp === undefined) return Promise.resolve();
    const entries = this.use(path);
    const missing = targets.filter((target) => {
      const entry = entries.get(targetId(target));
      return entry?.stamp !== stamp || entry.profile !== target.profile;
    });
    if (missing.length === 0) return Promise.resolve();
    const key = [path, stamp, ...missing.map(targetId)].join('\n');
    const going = this.pending.get(key) ?? this.estimate(path, stamp, missing);
    this.pending.set(key, going);
    return going.finally(() => this.pending.delete(key));
  }

  private async estimate(path: string, stamp: string, targets: readonly Target[]): Promise<void> {
    const estimates = await this.thread
      .run({ kind: 'estimate', path, targets })
      .catch((): readonly LatencyEstimate[] => []);
    const entries = this.use(path);
    targets.forEach((target, i) => {
      const { profile } = target;
      entries.set(targetId(target), { stamp, profile, estimate: estimates[i] });
    });
    this.onChange(path);
  }

  private use(path: string): Map<string, Entry> {
    const entries = this.entries.get(path) ?? new Map<string, Entry>();
    this.entries.delete(path);
    this.entries.set(path, entries);
    if (this.entries.size > capacity) this.entries.delete(this.entries.keys().next().value!);
    return entries;
  }
}
