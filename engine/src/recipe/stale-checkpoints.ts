/**
 * Which checkpoints nobody will take up again: those of trainings that were stopped a month ago, and
 * the oldest while all of them together are too large. Files of a training begin with its name; a
 * process that is at it leaves a mark with its number beside them, so that nothing goes that is in use.
 */

import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** For how long a training may be taken up again, in milliseconds. */
const longest = 30 * 24 * 3600 * 1000;
/** What all checkpoints of a folder may take, in bytes. */
const largest = 2 ** 33;

/** The training that a file belongs to. */
export function trainingOf(file: string): string {
  return file.slice(0, file.indexOf('.'));
}

export function markInUse(folder: string, training: string): void {
  writeFileSync(join(folder, `${training}.${process.pid}.inuse`), '');
}

/** Deletes them; what another process deletes meanwhile is no concern. */
export function removeStale(folder: string, limits = { longest, largest }): void {
  const trainings = idleTrainings(folder).sort((a, b) => b.written - a.written);
  let bytes = 0;
  for (const each of trainings) {
    bytes += each.bytes;
    const isYoung = each.written > Date.now() - limits.longest;
    if (isYoung && bytes <= limits.largest) continue;
    for (const file of each.files) rmSync(join(folder, file), { force: true });
  }
}

interface Training {
  readonly files: readonly string[];
  readonly bytes: number;
  /** When its last file was written, in milliseconds. */
  readonly written: number;
}

/** Those that no living process is at. */
function idleTrainings(folder: string): Training[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const names = new Set(files.map(trainingOf));
  return [...names].flatMap((name) => {
    const own = files.filter((file) => trainingOf(file) === name);
    if (own.some(isInUse)) return [];
    const facts = own.flatMap(
      (file) => statSync(join(folder, file), { throwIfNoEntry: false }) ?? [],
    );
    const bytes = facts.reduce((sum, { size }) => sum + size, 0);
    return [{ files: own, bytes, written: Math.max(...facts.map(({ mtimeMs }) => mtimeMs)) }];
  });
}

function isInUse(file: string): boolean {
  const [, pid] = /\.(\d+)\.inuse$/.exec(file) ?? [];
  return pid !== undefined && isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It lives, but is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
