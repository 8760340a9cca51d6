/** In a recipe: the nearest valid name for a key that is unknown and for a glob that matches no layer. */

import { closest } from '#engine/recipe/closest';
import { knownKeys } from '#engine/recipe/known-keys';
import type { Action, ActionKind } from '../actions/action';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';
import { entriesOf, isLayerGlob, recipeOf, type RecipeEntry } from './recipe-document';
import { inspectionOf, layersMatching } from './recipe-model';
import { quoted } from './yaml-edit';

export const recipeFixes: ActionKind = {
  actionsAt(document, { from, to }, workspace) {
    const parsed = recipeOf(document);
    if (!parsed) return [];
    return entriesOf(parsed)
      .filter(({ key }) => key.from <= to && key.to >= from)
      .flatMap((entry): Action[] => {
        const name = betterName(entry, document, workspace);
        if (name === undefined) return [];
        const { uri, text } = document;
        const edits = [{ ...entry.key, text: quoted(name) }];
        const title = `Replace by \`${name}\``;
        return [
          {
            title,
            kind: 'quickfix',
            isPreferred: true,
            mends: entry.key,
            edit: { uri, text, edits },
          },
        ];
      });
  },
};

/** The name that was most likely meant; undefined for one that is right or like no other. */
function betterName(
  entry: RecipeEntry,
  document: SourceDocument,
  workspace: Workspace,
): string | undefined {
  const name = String(entry.path.at(-1));
  if (isLayerGlob(entry)) {
    const inspection = inspectionOf(document, workspace);
    if (!inspection || layersMatching(name, inspection).length > 0) return undefined;
    return closest(
      name,
      inspection.layers.map((layer) => layer.name),
    );
  }
  const known = knownKeys(entry.path.slice(0, -1));
  return known.length === 0 || known.includes(name) ? undefined : closest(name, known);
}
