/** Models that a text reads and that are not there, or that are there and broken. */

import { dirname } from 'node:path';
import type { SeveritySetting } from '#protocol/settings';
import { recipeLanguage } from '../recipe/recipe-document';
import type { LocatedReference, Workspace } from '../workspace';
import type { Check, Finding } from './check';

export const modelChecks: Check = {
  findingsOf(document, workspace) {
    const { diagnostics } = workspace.settingsFor(document.path);
    const isRecipe = document.languageId === recipeLanguage;
    return workspace
      .locate(document)
      .flatMap((reference) =>
        reference.path === undefined
          ? isRecipe
            ? []
            : missing(reference, workspace, diagnostics.missingModel)
          : broken(reference, reference.path, workspace, diagnostics.brokenModel),
      );
  },
};

/** A false alarm is worse than none: only what is loaded or said to be a path must be there. */
function missing(
  reference: LocatedReference,
  workspace: Workspace,
  severity: SeveritySetting,
): Finding[] {
  const { from, to, paths, role, tried } = reference;
  if ((role !== 'load' && role !== 'path') || tried.length === 0) return [];
  const folders = [...new Set(tried.map((path) => workspace.labelOf(dirname(path)) || '.'))];
  const message = `The model ${paths[0]} does not exist. Looked in ${folders.join(', ')}.`;
  return [{ from, to, code: 'missing-model', message, severity }];
}

function broken(
  reference: LocatedReference,
  path: string,
  workspace: Workspace,
  severity: SeveritySetting,
): Finding[] {
  const state = workspace.models.look(path);
  const problem = state.kind === 'missing' ? undefined : state.reading?.problem;
  if (problem === undefined) return [];
  const { from, to } = reference;
  return [{ from, to, code: 'broken-model', message: problem, severity }];
}
