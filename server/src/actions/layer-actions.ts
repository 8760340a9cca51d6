/** At a line that makes a layer: follow what is advised for it in the recipes of its model. */

import { commandIds } from '#protocol/commands';
import { layerLines } from '../pytorch/layer-lines';
import { linkOf } from '../pytorch/link';
import { distinctChanges, followEdits, titleOf, type Change } from '../recipe/follow-advice';
import { recipesOfModel } from '../recipe/recipes-of-model';
import { uriOf } from '../workspace';
import type { Action, ActionKind } from './action';

/** So many layers of a line get an action of their own. */
const mostLayers = 6;

export const layerActions: ActionKind = {
  actionsAt(document, { from, to }, workspace) {
    const link = linkOf(document, workspace);
    const advice = link && workspace.adviceFor(link.path);
    if (!link || !advice) return [];
    const { lines } = document;
    const [first, last] = [lines.lineAt(from), lines.lineAt(to)];
    const layers = layerLines(document.modules, link.match)
      .filter((line) => lines.lineAt(line.to) >= first && lines.lineAt(line.target.from) <= last)
      .flatMap(({ instances }) => instances.flat());
    const changes = distinctChanges(layers.flatMap(({ name }) => advice.layers.get(name) ?? []));
    if (changes.length === 0) return [];
    const recipes = recipesOfModel(link.path, document.path, workspace);
    if (recipes.length === 0) {
      const command = { id: commandIds.compress, args: [uriOf(link.path)] };
      const title = 'Write a recipe that can follow the advice: Compress…';
      return [{ title, kind: 'refactor', command }];
    }
    return recipes.flatMap(({ uri, text, path }) => {
      const where = ` in ${workspace.labelOf(path)}`;
      const offer = (title: string, wanted: readonly Change[]): Action[] => {
        const edits = followEdits(text, wanted);
        return edits
          ? [{ title: title + where, kind: 'refactor', edit: { uri, text, edits } }]
          : [];
      };
      const each = changes
        .slice(0, mostLayers)
        .flatMap((change) => offer(titleOf(change), [change]));
      const all = `Follow the advice for these ${changes.length} layers`;
      return changes.length > 1 ? [...each, ...offer(all, changes)] : each;
    });
  },
};
