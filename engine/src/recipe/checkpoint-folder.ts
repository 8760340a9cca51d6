/**
 * Checkpoints of trainings beside a recipe, `.coppice/checkpoints/`: a run that was stopped finds its
 * own by their names, and removes them once its result is written. Those that nobody takes up again go
 * when a training begins. The folder may be deleted at any time.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CheckpointStore } from '../train/checkpoints';
import { markInUse, removeStale, trainingOf } from './stale-checkpoints';

export interface CheckpointFolder extends CheckpointStore {
  /** Whether there is anything from which a training would go on. */
  holds(): boolean;
  /** Removes what was read and written. */
  clear(): void;
}

/** @param recipe path of the recipe's file, or where it would lie. */
export function checkpointsBeside(recipe: string): CheckpointFolder {
  const folder = join(dirname(resolve(recipe)), '.coppice', 'checkpoints');
  /** The trainings that have begun. */
  const used = new Set<string>();
  const begin = (training: string): void => {
    if (used.has(training)) return;
    used.add(training);
    mkdirSync(folder, { recursive: true });
    markInUse(folder, training);
    removeStale(folder);
  };
  const own = (): string[] => {
    const files = existsSync(folder) ? readdirSync(folder) : [];
    return files.filter((file) => used.has(trainingOf(file)));
  };
  return {
    read: (name) => {
      if (!existsSync(folder)) return undefined;
      begin(trainingOf(name));
      const file = join(folder, name);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
    write: async (name, parts) => {
      begin(trainingOf(name));
      const file = join(folder, name);
      const temporary = `${file}.${process.pid}.tmp`;
      const handle = await open(temporary, 'w');
      try {
        for (const part of parts) await handle.writeFile(part);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      await syncFolder(folder);
    },
    holds: () => own().some((file) => !/\.(inuse|tmp)$/.test(file)),
    clear: () => {
      // What a killed run was writing is named after it, too.
      for (const file of own()) rmSync(join(folder, file), { force: true });
      used.clear();
    },
  };
}

/** A rename is on the disk only once its folder is; systems that cannot do that do without. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
