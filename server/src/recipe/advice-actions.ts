/** In a recipe: follow what is advised for the layers of a glob, of a step, or for all. */

import type { Action, ActionKind } from '../actions/action';
import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import type { KnownAdvice } from '../models/advice-store';
import { distinctChanges, followEdits, titleOf, type Change } from './follow-advice';
import { entriesOf, isLayerGlob, recipeOf, type RecipeEntry } from './recipe-document';
import { adviceOf, inspectionOf, layersMatching } from './recipe-model';

/** So many layers of a glob get an action of their own. */
const mostLayers = 6;

export const recipeAdviceActions: ActionKind = {
  actionsAt(document, span, workspace) {
    const parsed = recipeOf(document);
    const entry = parsed && entryOnLine(entriesOf(parsed), document, span);
    const advice = entry && adviceOf(document, workspace);
    if (!parsed || !advice) return [];
    const offer = (title: string, changes: readonly Change[], step?: number): Action[] => {
      const edits =
        changes.length > 0 ? followEdits(document.text, changes, step, parsed) : undefined;
      if (!edits) return [];
      const edit = { uri: document.uri, text: document.text, edits };
      return [{ title, kind: 'refactor', edit }];
    };
    const { path } = entry;
    if (isLayerGlob(entry)) {
      const inspection = inspectionOf(document, workspace);
      const names = inspection ? layersMatching(String(path.at(-1)), inspection) : [];
      const changes = changesFor(
        advice,
        names.map(({ name }) => name),
      );
      const each = changes.slice(0, mostLayers).flatMap((change) => {
        return offer(titleOf(change), [change], stepFor(change, path));
      });
      const all = `Follow the advice for these ${changes.length} layers`;
      return changes.length > 1 ? [...each, ...offer(all, changes)] : each;
    }
    const all = 'Follow the advice for all layers';
    const changes = distinctChanges(advice.layers.values());
    const [first, step, pass] = path;
    if (first !== 'steps') return [];
    if (path.length === 1) return offer(all, changes);
    if (path.length !== 3 || (pass !== 'prune' && pass !== 'decompose')) return [];
    const own = changes.filter(({ kind }) => kind === pass);
    return offer(`${all} (${pass})`, own, Number(step));
  },
};

/** The step that the glob stands in, if it is of the right kind. */
function stepFor(change: Change, path: RecipeEntry['path']): number | undefined {
  return path[2] === change.kind ? Number(path[1]) : undefined;
}

function changesFor({ layers }: KnownAdvice, names: readonly string[]): Change[] {
  return distinctChanges(names.flatMap((name) => layers.get(name) ?? []));
}

/** The key that the cursor is at, else the only one on its line that advice is about. */
function entryOnLine(
  entries: readonly RecipeEntry[],
  { lines }: SourceDocument,
  { from }: Span,
): RecipeEntry | undefined {
  const at = entries.find(({ key }) => from >= key.from && from <= key.to);
  const line = lines.lineAt(from);
  return at ?? entries.find(({ key }) => lines.lineAt(key.from) === line);
}
