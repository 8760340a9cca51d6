/** What is wrong with a recipe or a budget file: its problems, files and devices that are missing, globs that match no layer. */

import { existsSync } from 'node:fs';
import type { SeveritySetting } from '#protocol/settings';
import { closest } from '#engine/recipe/closest';
import type { Check, Finding } from '../checks/check';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';
import { entriesOf, isLayerGlob, structuredOf, type RecipeEntry } from './recipe-document';
import { fromRecipe, inspectionOf, layersMatching } from './recipe-model';

export const recipeChecks: Check = {
  findingsOf(document, workspace) {
    const parsed = structuredOf(document)?.parsed;
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
      ...entries.flatMap((entry) => unknownDevice(entry, workspace)),
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
    what === 'model' ? workspace.settingsFor(document.path).diagnostics.missingModel : 'warning';
  return [{ from: value.from, to: value.to, severity, code: `missing-${what}`, message }];
}

function unknownDevice({ path, value }: RecipeEntry, { devices }: Workspace): Finding[] {
  const isPlace = path.length === 1 || (path[0] === 'budgets' && path.length === 3);
  if (path.at(-1) !== 'device' || !isPlace || typeof value?.data !== 'string') return [];
  if (devices.find(value.data)) return [];
  const near = closest(
    value.data,
    devices.all.map(({ id }) => id),
  );
  const hint = near ? `Did you mean \`${near}\`?` : '`coppice devices` lists them.';
  const message = `There is no device "${value.data}". ${hint}`;
  return [{ from: value.from, to: value.to, severity: 'warning', code: 'unknown-device', message }];
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
