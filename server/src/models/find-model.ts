/** Which file a path in a source text means. */

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SearchPlaces {
  /** The file that names the model. */
  readonly file: string;
  /** The workspace folder of that file, if it lies in one. */
  readonly folder: string | undefined;
  /** Configured folders: absolute, or relative to the workspace folder. */
  readonly roots: readonly string[];
}

export interface FoundModel {
  /** The file; absent where nothing exists at any of the places. */
  readonly path?: string;
  /** Where it was looked for, nearest first. */
  readonly tried: readonly string[];
}

export function findModel(paths: readonly string[], places: SearchPlaces): FoundModel {
  const tried = [...new Set(paths.flatMap((path) => candidates(path, places)))];
  return { path: tried.find(isFile), tried };
}

function candidates(path: string, { file, folder, roots }: SearchPlaces): string[] {
  const local = localPath(path);
  if (local === undefined) return [];
  const bases = folder === undefined ? [] : [folder];
  // An absolute address in code for browsers starts at the folder that is served.
  if (isAbsolute(local)) {
    return [local, ...bases.flatMap((base) => [join(base, local), join(base, 'public', local)])];
  }
  const configured = roots
    .map((root) => (folder ? resolve(folder, root) : root))
    .filter(isAbsolute);
  return [dirname(file), ...bases, ...configured].map((base) => resolve(base, local));
}

function localPath(path: string): string | undefined {
  if (!path.startsWith('file:')) return path.replaceAll('\\', '/');
  try {
    return fileURLToPath(path);
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return existsSync(path);
}
