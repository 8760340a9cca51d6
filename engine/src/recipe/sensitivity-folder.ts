/** Where sensitivity tables lie: `.coppice/sensitivity/<model hash>.json`, the newest of each model. */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { SensitivityTable } from '#protocol/sensitivity';
import { modelHash } from './identity';

/** The nearest folder around a model that has a `.coppice`, else the model's own. */
export function homeOf(model: string): string {
  const own = dirname(resolve(model));
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.coppice'))) return folder;
    if (dirname(folder) === folder) return own;
  }
}

/** @param hash of the model's file, as `modelHash` gives it. */
export function sensitivityFile(model: string, hash = modelHash(model)): string {
  return join(homeOf(model), '.coppice', 'sensitivity', `${hash}.json`);
}

/** The newest table of a model; undefined where there is none that can be read. */
export function readSensitivity(model: string, hash?: string): SensitivityTable | undefined {
  const file = sensitivityFile(model, hash);
  if (!existsSync(file)) return undefined;
  try {
    const table = JSON.parse(readFileSync(file, 'utf8')) as SensitivityTable;
    return table.version === 1 ? table : undefined;
  } catch {
    // Whatever lies there, it is no table, and measuring again replaces it.
    return undefined;
  }
}

/** Whole or not at all. */
export function writeSensitivity(table: SensitivityTable, model: string): void {
  const file = sensitivityFile(model, table.model.hash);
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(table, null, 1)}\n`);
  renameSync(temporary, file);
}
