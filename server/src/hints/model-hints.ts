/** At a literal that names a model: what the model costs and how much of it can go. */

import { recipeLanguage } from '../recipe/recipe-document';
import type { Hint, HintKind } from './hint';
import { modelText } from './model-text';

export const modelHints: HintKind = {
  id: 'model',
  hintsOf(document, workspace) {
    // A recipe has a kind of its own, with a switch of its own.
    if (document.languageId === recipeLanguage) return [];
    return workspace.locate(document).flatMap(({ path, to }): Hint[] => {
      const state = path === undefined ? undefined : workspace.models.look(path);
      if (state === undefined || state.kind === 'missing') return [];
      const inspection = state.reading?.inspection;
      if (path === undefined || !inspection) return [];
      return [{ offset: to, text: modelText(inspection, workspace.latencyOf(path)) }];
    });
  },
};
