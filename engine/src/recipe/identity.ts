/** What makes a run the same run: hashes of everything that decides its result. */

import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { CoppiceError } from '../ir/issue';
import type { Recipe } from './schema';

/** SHA-256 of a file's bytes in hex, read in pieces. */
export function fileHash(path: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const file = open(path);
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const reason = existsSync(path) ? 'cannot be read' : 'does not exist';
    throw new CoppiceError('missing-file', `The file ${path} ${reason}.`, { cause });
  }
}

/** The hash of a model includes its external data file, when it has one of the usual name. */
export function modelHash(path: string): string {
  const data = `${path}.data`;
  return existsSync(data) ? textHash(fileHash(path) + fileHash(data)) : fileHash(path);
}

export function textHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What of a recipe decides its result: what the result must reach or keep to does not. */
export function decisiveOf(recipe: Recipe): Recipe {
  return { ...recipe, target: undefined, budgets: undefined };
}

/** The same value always gives the same text: keys are sorted. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
