/** Budgets taken apart into single figures, each with the models that it is for. */

import { basename, relative, sep } from 'node:path';
import picomatch from 'picomatch';
import {
  budgetMetrics,
  type BudgetLimit,
  type BudgetMetric,
  type BudgetPlace,
} from '#protocol/budget';
import type { Budget } from './schema';

/** Which models a budget is for. Paths are absolute. */
export type Scope =
  /** What a recipe makes, once it is there; until then what it makes it from. */
  | { readonly kind: 'result'; readonly output: string; readonly model: string }
  | { readonly kind: 'glob'; readonly folder: string; readonly glob: string };

export interface ScopedLimit extends BudgetLimit {
  readonly scope: Scope;
}

export interface LimitContext {
  /** Of budgets that name no models. */
  readonly scope: Scope;
  /** That globs are relative to. */
  readonly folder: string;
  /** Of latencies that name no device. */
  readonly device?: string;
  placeOf(budget: number, metric: BudgetMetric): BudgetPlace | null;
}

export function limitsOf(budgets: readonly Budget[], context: LimitContext): ScopedLimit[] {
  return budgets.flatMap((budget, i) =>
    budgetMetrics.flatMap((metric): ScopedLimit[] => {
      const value = budget[metric];
      if (value === undefined) return [];
      const device = metric === 'latency' ? (budget.device ?? context.device ?? null) : null;
      const scope: Scope =
        budget.model === undefined
          ? context.scope
          : { kind: 'glob', folder: context.folder, glob: budget.model };
      return [{ metric, value, device, place: context.placeOf(i, metric), scope }];
    }),
  );
}

/** The one model of a recipe's budget. */
export function subjectOf(
  { output, model }: Extract<Scope, { kind: 'result' }>,
  exists: (path: string) => boolean,
): string {
  return exists(output) ? output : model;
}

/** Whether a budget is for the model at an absolute path. A glob without a folder is for names. */
export function covers(scope: Scope, path: string, exists: (path: string) => boolean): boolean {
  if (scope.kind === 'result') return subjectOf(scope, exists) === path;
  const inside = relative(scope.folder, path).split(sep).join('/');
  if (inside === '' || inside.startsWith('../') || scope.glob.length > 1024) return false;
  const glob = scope.glob.replace(/^\.\//, '');
  const matches = picomatch(glob, { dot: true });
  return matches(inside) || (!glob.includes('/') && matches(basename(path)));
}
