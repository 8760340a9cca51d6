/** What is wrong with a recipe: its problems, files that are missing, globs that match no layer. */

import { existsSync } from 'node:fs';
import type { SeveritySetting } from '#protocol/settings';
import type { Check, Finding } from '../checks/check';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';
import { entriesOf, isLayerGlob, recipeOf, type RecipeEntry } from './recipe-document';
import { fromRecipe, inspectionOf, layersMatching } from './recipe-model';

export const recipeChecks: Check = {
  findingsOf(document, workspace) {
    const parsed = recipeOf(document);
    if (!parsed) return [];
    const problems = parsed.problems.map(({ severity, message, range }): Finding => ({
      from: range.start.offset,
      to: range.end.offset,
      severity,
      code: 'recipe',
      message,
    }));
    const entries = entriesOf(parsed);
    return [
      ...problems,
      ...entries.flatMap((entry) => missingFile(entry, document, workspace)),
      ...emptyGlobs(entries, document, workspace),
    ];
  },
};

/** What each path is for, by where it stands. */
const files: Readonly<Record<string, string>> = {
  model: 'model',
  'data.path': 'data',
  'data.validation': 'data',
};

function missingFile(
  { path, value }: RecipeEntry,
  document: SourceDocument,
  workspace: Workspace,
): Finding[] {
  const what = files[path.join('.')];
  if (what === undefined || typeof value?.data !== 'string') return [];
  const file = fromRecipe(document, value.data);
  if (existsSync(file)) return [];
  const message = `The ${what} ${workspace.labelOf(file)} does not exist.`;
  const severity: SeveritySetting =
    what === 'model' ? workspace.settings.diagnostics.missingModel : 'warning';
  return [{ from: value.from, to: value.to, severity, code: `missing-${what}`, message }];
}

function emptyGlobs(
  entries: readonly RecipeEntry[],
  document: SourceDocument,
  workspace: Workspace,
): Finding[] {
  const globs = entries.filter(isLayerGlob);
  const inspection = globs.length > 0 ? inspectionOf(document, workspace) : undefined;
  if (!inspection) return [];
  return globs
    .filter(({ path }) => layersMatching(String(path.at(-1)), inspection).length === 0)
    .map(({ key, path }) => ({
      ...key,
      severity: 'warning',
      code: 'no-such-layer',
      message: `No layer of the model matches \`${String(path.at(-1))}\`.`,
    }));
}
