/** Finds files of some kind below folders: models, recipes, budgets. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bounds for workspaces that hold far more than models. */
const mostFolders = 20_000;
const mostFiles = 2_000;
const deepest = 16;

const skipped = new Set(['node_modules', '__pycache__', 'site-packages', 'venv']);

export const modelFiles = /\.onnx$/i;

/**
 * Paths of all files below the folders whose names match, sorted; hidden folders and packages are
 * left out.
 */
export async function discoverFiles(
  roots: readonly string[],
  wanted: RegExp = modelFiles,
): Promise<string[]> {
  const found = new Set<string>();
  let level = [...new Set(roots)];
  let visited = 0;
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++visited > mostFolders || found.size >= mostFiles) break;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isFile() && wanted.test(entry.name)) found.add(path);
        // Links are not followed: they may lead anywhere, and round in circles.
        const isOpen = entry.isDirectory() && !entry.name.startsWith('.');
        if (isOpen && !skipped.has(entry.name)) next.push(path);
      }
    }
    level = next;
  }
  return [...found].sort().slice(0, mostFiles);
}
