/** At a model that is over its budget, or at the budget: compress it to fit. */

import { isMap, isScalar, type Document } from 'yaml';
import { commandIds } from '#protocol/commands';
import { isBudgetSource } from '../budgets/budget-store';
import { fitFor } from '../budgets/fit-target';
import { judgeLimit, judgeModel, type Judged } from '../budgets/judge-models';
import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import { recipeOf } from '../recipe/recipe-document';
import { mergeAt, type Fields, type TextEdit } from '../recipe/yaml-edit';
import { uriOf, type Workspace } from '../workspace';
import type { Action, ActionKind } from './action';

export const budgetActions: ActionKind = {
  actionsAt(document, span, workspace) {
    if (!workspace.trusted || workspace.limits.length === 0) return [];
    const { lines } = document;
    const [first, last] = [lines.lineAt(span.from), lines.lineAt(span.to)];
    const isNear = ({ from, to }: Span): boolean =>
      lines.lineAt(to) >= first && lines.lineAt(from) <= last;
    const named = workspace
      .locate(document)
      .filter(isNear)
      .flatMap(({ path, from, to }) =>
        path === undefined
          ? []
          : judgeModel(path, workspace).map((judged) => ({ judged, at: { from, to } })),
      );
    const found = [...named, ...atBudgets(document, workspace).filter(({ at }) => isNear(at))];
    return found.flatMap(({ judged, at }) => [
      ...compressAction(judged, at, workspace),
      ...aimAction(judged, at, document, workspace),
    ]);
  },
};

interface Placed {
  readonly judged: Judged;
  readonly at: Span;
}

/** The budgets that are written here, with the models that they are for. */
function atBudgets(document: SourceDocument, workspace: Workspace): Placed[] {
  if (!isBudgetSource(document)) return [];
  return workspace.limits
    .filter(({ place }) => place?.file === document.path)
    .flatMap((limit) => {
      const { line, column, endColumn } = limit.place!;
      const offset = (character: number): number =>
        document.lines.offsetAt({ line: line - 1, character: character - 1 });
      const at = { from: offset(column), to: offset(endColumn) };
      return judgeLimit(limit, workspace).map((judged) => ({ judged, at }));
    });
}

function compressAction(judged: Judged, mends: Span, workspace: Workspace): Action[] {
  const fit = fitFor(judged, workspace);
  if (!fit) return [];
  const { model, target, goal } = fit;
  const title = `Compress ${workspace.labelOf(model)} to fit ${goal}…`;
  const args = [uriOf(model), JSON.stringify(target), goal];
  const command = { id: commandIds.compress, args };
  return [{ title, kind: 'quickfix', isPreferred: true, mends, command }];
}

/** In a recipe that prunes its model: let the first such step aim for the budget. */
function aimAction(
  judged: Judged,
  mends: Span,
  document: SourceDocument,
  workspace: Workspace,
): Action[] {
  const { limit } = judged;
  const parsed = recipeOf(document);
  const fit = fitFor(judged, workspace);
  if (!fit || limit.scope.kind !== 'result' || limit.place?.file !== document.path) return [];
  const step = parsed?.recipe?.steps.findIndex((each) => 'prune' in each) ?? -1;
  const { device, ...amount } = fit.target;
  // The step searches on the device of the recipe.
  if (!parsed || step < 0 || (device && device !== parsed.recipe?.device)) return [];
  const edits = amountEdits(document.text, parsed.document, ['steps', step, 'prune'], amount);
  if (!edits) return [];
  const { uri, text } = document;
  const title = `Let prune aim for ${fit.goal}`;
  return [{ title, kind: 'quickfix', mends, edit: { uri, text, edits } }];
}

const amounts = ['ratio', 'macs', 'params', 'bytes', 'latency'];

/** The amount takes the place of the one that is there: a step has only one. */
function amountEdits(
  text: string,
  document: Document,
  path: readonly (string | number)[],
  amount: Fields,
): readonly TextEdit[] | undefined {
  const options = document.getIn(path, true);
  const pairs = isMap(options) ? options.items : [];
  const present = pairs.find(({ key }) => isScalar(key) && amounts.includes(String(key.value)));
  if (!present) return mergeAt(text, document, path, amount);
  const { key, value } = present;
  if (!isScalar(key) || !isScalar(value) || !key.range || !value.range) return undefined;
  const [[name, figure]] = Object.entries(amount);
  return [{ from: key.range[0], to: value.range[1], text: `${name}: ${String(figure)}` }];
}
