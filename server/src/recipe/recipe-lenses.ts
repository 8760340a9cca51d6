/** Above a recipe: *Run*, and the report of its last run if there is one. */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { commandIds } from '#protocol/commands';
import { modelHash } from '#engine/recipe/identity';
import { runFolderOf } from '#engine/recipe/run-in-folder';
import type { Recipe } from '#engine/recipe/schema';
import type { SourceDocument } from '../documents/source-document';
import type { Lens, LensKind } from '../lenses/lens';
import { uriOf } from '../workspace';
import { entryAt, recipeOf } from './recipe-document';
import { modelPathOf } from './recipe-model';

export const recipeLenses: LensKind = {
  lensesOf(document, workspace) {
    const parsed = recipeOf(document);
    if (!parsed) return [];
    const offset = entryAt(parsed, ['model'])?.key.from ?? 0;
    const lenses: Lens[] = [];
    if (workspace.trusted && parsed.recipe) {
      lenses.push({ offset, title: 'Run', command: commandIds.runRecipe, args: [document.uri] });
    }
    const report = parsed.recipe && lastReport(document, parsed.recipe);
    if (report !== undefined) {
      const args = [uriOf(report)];
      lenses.push({ offset, title: 'Show last report', command: commandIds.showReport, args });
    }
    return lenses;
  },
};

/** Models beyond this size are not hashed only to find a report. */
const largestModel = 64 * 1024 * 1024;

/** The last hash of each model with what its file looked like, so that a keystroke reads no model. */
const hashes = new Map<string, { readonly stamp: string; readonly hash: string }>();

function rememberedHash(path: string): string {
  const { size, mtimeMs } = statSync(path);
  const stamp = `${size} ${mtimeMs}`;
  const known = hashes.get(path);
  if (known?.stamp === stamp) return known.hash;
  const hash = modelHash(path);
  hashes.set(path, { stamp, hash });
  return hash;
}

/** The report of the run that this very recipe leads to. */
function lastReport(document: SourceDocument, recipe: Recipe): string | undefined {
  const model = modelPathOf(document);
  const size = model && statSync(model, { throwIfNoEntry: false })?.size;
  if (!size || size > largestModel || !existsSync(join(document.path, '..', '.coppice', 'runs'))) {
    return undefined;
  }
  const report = join(runFolderOf(recipe, document.path, rememberedHash), 'report.json');
  return existsSync(report) ? report : undefined;
}
