/** Files that appear under their names together and complete, or not at all. */

import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { CoppiceError } from '../ir/issue';

export interface NewFile {
  readonly path: string;
  /** Writes the content to an open, empty file. */
  write(descriptor: number): void;
}

/**
 * Writes each file beside its place and moves them there when all are complete. Files that were
 * there before come back when a move fails.
 *
 * @throws CoppiceError `unwritable-file`; errors of `write` as they are, where they are CoppiceErrors.
 */
export function replaceFiles(files: readonly NewFile[]): void {
  const staged = files.map((file, i) => ({ ...file, temporary: temporaryName(file.path, i) }));
  const kept: { path: string; backup: string | undefined }[] = [];
  try {
    for (const { temporary, write } of staged) {
      const descriptor = openSync(temporary, 'wx');
      try {
        write(descriptor);
      } finally {
        closeSync(descriptor);
      }
    }
    staged.forEach(({ path, temporary }, i) => {
      // The last move is the one that counts, so what it replaces needs no copy.
      const backup = i < staged.length - 1 && existsSync(path) ? `${temporary}.old` : undefined;
      if (backup) renameSync(path, backup);
      kept.push({ path, backup });
      renameSync(temporary, path);
    });
  } catch (cause) {
    for (const { path, backup } of kept) {
      if (backup) renameSync(backup, path);
    }
    throw asCoppiceError(cause, files.at(-1)!.path);
  } finally {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  }
  for (const { backup } of kept) if (backup) rmSync(backup, { force: true });
}

let counter = 0;

function temporaryName(path: string, index: number): string {
  return `${path}.${process.pid}-${++counter}-${index}.tmp`;
}

function asCoppiceError(cause: unknown, path: string): CoppiceError {
  if (cause instanceof CoppiceError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return new CoppiceError(
    'unwritable-file',
    `${path} cannot be written (${code ?? message}). Check that the folder exists, is writable and has room.`,
    { cause },
  );
}
