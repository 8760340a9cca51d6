/**
 * Checkpoints of trainings beside a recipe, `.coppice/checkpoints/`: a run that was stopped finds its
 * own by their names, and removes them once its result is written. The folder may be deleted at any time.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CheckpointStore } from '../train/checkpoints';

export interface CheckpointFolder extends CheckpointStore {
  /** Whether there is anything from which a training would go on. */
  holds(): boolean;
  /** Removes what was read and written. */
  clear(): void;
}

/** @param recipe path of the recipe's file, or where it would lie. */
export function checkpointsBeside(recipe: string): CheckpointFolder {
  const folder = join(dirname(resolve(recipe)), '.coppice', 'checkpoints');
  const used = new Set<string>();
  return {
    read: (name) => {
      used.add(name);
      const file = join(folder, name);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
    write: async (name, parts) => {
      used.add(name);
      mkdirSync(folder, { recursive: true });
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
    holds: () => [...used].some((name) => existsSync(join(folder, name))),
    clear: () => {
      // What a killed run was writing is named after it, too.
      const mine = (file: string): boolean => [...used].some((name) => file.startsWith(name));
      const files = existsSync(folder) ? readdirSync(folder) : [];
      for (const file of files.filter(mine)) rmSync(join(folder, file), { force: true });
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
