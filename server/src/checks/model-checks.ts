/** Models that a text reads and that are not there, or that are there and broken. */

import { dirname } from 'node:path';
import { recipeLanguage } from '../recipe/recipe-document';
import type { LocatedReference, Workspace } from '../workspace';
import type { Check, Finding } from './check';

export const modelChecks: Check = {
  findingsOf(document, workspace) {
    return workspace
      .locate(document)
      .flatMap((reference) =>
        reference.path === undefined
          ? missing(reference, workspace, document.languageId === recipeLanguage)
          : broken(reference, reference.path, workspace),
      );
  },
};

/** A false alarm is worse than none: only what is loaded or said to be a path must be there. */
function missing(reference: LocatedReference, workspace: Workspace, isRecipe: boolean): Finding[] {
  const { from, to, paths, role, tried } = reference;
  if ((role !== 'load' && role !== 'path') || tried.length === 0 || isRecipe) return [];
  const folders = [...new Set(tried.map((path) => workspace.labelOf(dirname(path)) || '.'))];
  const message = `The model ${paths[0]} does not exist. Looked in ${folders.join(', ')}.`;
  return [
    {
      from,
      to,
      code: 'missing-model',
      message,
      severity: workspace.settings.diagnostics.missingModel,
    },
  ];
}

function broken(reference: LocatedReference, path: string, workspace: Workspace): Finding[] {
  const state = workspace.models.look(path);
  const problem = state.kind === 'missing' ? undefined : state.reading?.problem;
  if (problem === undefined) return [];
  const { from, to } = reference;
  const severity = workspace.settings.diagnostics.brokenModel;
  return [{ from, to, code: 'broken-model', message: problem, severity }];
}
