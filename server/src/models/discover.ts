/** Finds the model files of the workspace folders and the configured roots. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bounds for workspaces that hold far more than models. */
const mostFolders = 20_000;
const mostModels = 2_000;
const deepest = 16;

const skipped = new Set(['node_modules', '__pycache__', 'site-packages', 'venv']);

/** Paths of all `.onnx` files below the folders, sorted; hidden folders and packages are left out. */
export async function discoverModels(roots: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  let level = [...new Set(roots)];
  let visited = 0;
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++visited > mostFolders || found.size >= mostModels) break;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isFile() && /\.onnx$/i.test(entry.name)) found.add(path);
        // Links are not followed: they may lead anywhere, and round in circles.
        const isOpen = entry.isDirectory() && !entry.name.startsWith('.');
        if (isOpen && !skipped.has(entry.name)) next.push(path);
      }
    }
    level = next;
  }
  return [...found].sort().slice(0, mostModels);
}
