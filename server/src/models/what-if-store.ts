/**
 * What layers would cost with the numbers that the source spells, where those differ from the model's.
 * Worked out in the thread that reads models and kept; looking something up never waits.
 */

import type { LayerNumbers } from '#engine/device/layer-numbers';
import { targetId, type Target } from '#engine/device/profile';
import type { WhatIf } from '#engine/device/what-if';
import type { ModelThread } from './model-thread';
import { stampOf } from './stamp';

export interface AskedLayer {
  readonly layer: string;
  readonly numbers: LayerNumbers;
}

/** How many answers are kept: those of some large files, through many keystrokes. */
const capacity = 4096;

export class WhatIfStore {
  /** Undefined for a layer that is as it was, or still asked about. */
  private readonly answers = new Map<string, WhatIf | undefined>();

  /** @param onChange called when an answer has become known that says something. */
  constructor(
    private readonly thread: ModelThread,
    private readonly onChange: (path: string) => void,
  ) {}

  /** What is known now, one for each layer that was asked about. */
  look(
    path: string,
    asked: readonly AskedLayer[],
    targets: readonly Target[],
  ): (WhatIf | undefined)[] {
    const stamp = stampOf(path);
    if (stamp === undefined || asked.length === 0) return asked.map(() => undefined);
    const place = [path, stamp, ...targets.map(targetId)].join('\n');
    const keys = asked.map((each) => `${place}\n${JSON.stringify(each)}`);
    const missing = asked.filter((_, i) => !this.answers.has(keys[i]));
    if (missing.length > 0) {
      const places = keys.filter((key) => !this.answers.has(key));
      for (const key of places) this.keep(key, undefined);
      void this.find(path, missing, targets, places);
    }
    return keys.map((key) => this.answers.get(key));
  }

  forgetAll(): void {
    this.answers.clear();
  }

  private async find(
    path: string,
    asked: readonly AskedLayer[],
    targets: readonly Target[],
    keys: readonly string[],
  ): Promise<void> {
    const found = await this.thread
      .run({ kind: 'whatIf', path, asked, targets })
      .catch((): readonly (WhatIf | undefined)[] => []);
    keys.forEach((key, i) => this.keep(key, found[i]));
    if (found.some((each) => each !== undefined)) this.onChange(path);
  }

  private keep(key: string, answer: WhatIf | undefined): void {
    this.answers.delete(key);
    this.answers.set(key, answer);
    if (this.answers.size > capacity) this.answers.delete(this.answers.keys().next().value!);
  }
}
