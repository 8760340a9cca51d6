/** Models over their budgets: at every literal that names one, and where the budget is written. */

import { pathToFileURL } from 'node:url';
import type { SourceDocument } from '../documents/source-document';
import { isBudgetSource } from '../budgets/budget-store';
import {
  judgeLimit,
  judgement,
  judgeModel,
  severityOf,
  type Judged,
} from '../budgets/judge-models';
import type { Workspace } from '../workspace';
import type { Check, Finding } from './check';

export const budgetChecks: Check = {
  findingsOf(document, workspace) {
    if (workspace.limits.length === 0) return [];
    const named = workspace.locate(document).flatMap(({ path, from, to }) =>
      path === undefined
        ? []
        : judgeModel(path, workspace).map((judged) => ({
            from,
            to,
            ...findingOf(judged, workspace, document),
          })),
    );
    const written = isBudgetSource(document) ? atBudgets(document, workspace) : [];
    return [...named, ...written].filter(({ severity }) => severity !== 'off');
  },
};

function findingOf(
  judged: Judged,
  workspace: Workspace,
  { path }: SourceDocument,
): Omit<Finding, 'from' | 'to'> {
  const { place } = judged.result.budget;
  const range = place && {
    start: { line: place.line - 1, character: place.column - 1 },
    end: { line: place.line - 1, character: place.endColumn - 1 },
  };
  const uri = place && pathToFileURL(place.file).href;
  return {
    severity: severityOf(judged, workspace.settingsFor(path).diagnostics.overBudget),
    code: 'over-budget',
    message: judgement(judged, workspace),
    ...(range && uri && place.file !== path
      ? { related: [{ uri, range, message: 'The budget is written here.' }] }
      : {}),
  };
}

/** One finding for each figure: the model that is furthest over it, and how many others are. */
function atBudgets(document: SourceDocument, workspace: Workspace): Finding[] {
  const own = workspace.limits.filter(({ place }) => place?.file === document.path);
  return own.flatMap((limit): Finding[] => {
    const { line, column, endColumn } = limit.place!;
    const offset = (character: number): number =>
      document.lines.offsetAt({ line: line - 1, character: character - 1 });
    const span = { from: offset(column), to: offset(endColumn) };
    const over = judgeLimit(limit, workspace)
      .filter((judged) => severityOf(judged, 'error') !== 'off')
      .sort((a, b) => excess(b) - excess(a));
    if (over.length === 0) return [];
    const { message, ...rest } = findingOf(over[0], workspace, document);
    const more = over.length > 1 ? `, and ${over.length - 1} more` : '';
    return [{ ...span, ...rest, message: message + more }];
  });
}

/** How far over its budget, as a ratio. */
function excess({ result: { budget, actual } }: Judged): number {
  const ratio = (actual ?? 0) / budget.value;
  return budget.metric === 'accuracy' ? 1 / Math.max(ratio, 1e-9) : ratio;
}
