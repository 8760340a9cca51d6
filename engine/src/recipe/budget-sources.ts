/** The budgets that recipes and budget files hold, with the models that each is for. */

import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { limitsOf, type ScopedLimit } from '../budget/limit';
import type { BudgetPlace } from '#protocol/budget';
import { parseBudgetFile, parseRecipe, type ParsedText, type Problem } from './parse';

/** Names of the files that may hold budgets. */
export const budgetSources = /^coppice(\.budgets)?\.ya?ml$/;

export function isBudgetFile(path: string): boolean {
  return /\.budgets\.ya?ml$/.test(basename(path));
}

export interface BudgetSource {
  readonly path: string;
  readonly limits: readonly ScopedLimit[];
  readonly problems: readonly Problem[];
}

/** @param text of the file as it is now; read where it is not given. */
export function readBudgetSource(
  path: string,
  text: string = readFileSync(path, 'utf8'),
): BudgetSource {
  const folder = dirname(resolve(path));
  if (isBudgetFile(path)) {
    const parsed = parseBudgetFile(text);
    const { file, problems } = parsed;
    const scope = { kind: 'glob' as const, folder, glob: '**/*.onnx' };
    const places = placesIn(path, parsed);
    const limits = file
      ? limitsOf(file.budgets, { scope, folder, device: file.device, ...places })
      : [];
    return { path, limits, problems };
  }
  const parsed = parseRecipe(text);
  const { recipe, problems } = parsed;
  if (!recipe?.budgets) return { path, limits: [], problems };
  const [output, model] = [recipe.output, recipe.model].map((each) => resolve(folder, each));
  const scope = { kind: 'result' as const, output, model };
  const { budgets, device } = recipe;
  return {
    path,
    limits: limitsOf(budgets, { scope, folder, device, ...placesIn(path, parsed) }),
    problems,
  };
}

function placesIn(file: string, { rangeOf }: ParsedText) {
  return {
    placeOf(budget: number, metric: string): BudgetPlace | null {
      const path = ['budgets', budget, metric];
      const [key, value] = [rangeOf(path, 'key'), rangeOf(path)];
      if (!key) return null;
      const { line, column } = key.start;
      const end = value?.end.line === line ? value.end : key.end;
      return { file, line, column, endColumn: end.column };
    },
  };
}
