/** What is said at the end of a run of the budgets that its result is over. */

import { dirname, resolve } from 'node:path';
import { factsOf } from '../budget/facts';
import { judge } from '../budget/judge';
import { limitsOf } from '../budget/limit';
import { loadDevices } from '../device/store';
import type { Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import type { MetricName, ModelFigures } from '../report/report';
import type { Recipe } from './schema';

export interface RunResult {
  /** As it was read again from `output`. */
  readonly model: Model;
  readonly output: string;
  readonly after: ModelFigures;
  readonly metric: MetricName | null;
}

/** Budgets of other models, which name them, are not for a run. */
export async function budgetIssues(
  { budgets, device, model: source }: Recipe,
  { model, output, after, metric }: RunResult,
): Promise<Issue[]> {
  const own = budgets?.filter((budget) => budget.model === undefined) ?? [];
  if (own.length === 0) return [];
  const folder = dirname(output);
  const scope = { kind: 'result' as const, output, model: resolve(folder, source) };
  const accuracy = metric?.id === 'top1' ? after.metric : null;
  const { devices } = await loadDevices();
  const facts = factsOf(model, output, devices, () => accuracy ?? 'the run did not measure it');
  return limitsOf(own, { scope, folder, device, placeOf: () => null })
    .map((limit) => judge(limit, facts))
    .flatMap(({ verdict, message }): Issue[] => {
      if (verdict === 'meets') return [];
      const severity = verdict === 'over' ? 'warning' : 'information';
      const code = verdict === 'over' ? 'over-budget' : `budget-${verdict}`;
      return [{ severity, code, message: `The result ${message}.`, file: output }];
    });
}
