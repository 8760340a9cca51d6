/** The outcome of a check, as `--json` prints it and the other forms are made from. */

import type { Issue } from '#engine/ir/issue';
import type { BudgetResult, Verdict } from '#protocol/budget';
import { fromHere } from './paths';

export interface Outcome {
  readonly version: 1;
  /** Paths are relative to the folder that the check was run in, with `/`. */
  readonly results: readonly BudgetResult[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** True where no budget is failed, with `likely` and `unknown` counted as failures if strict. */
  readonly passed: boolean;
  readonly strict: boolean;
  readonly issues: readonly Pick<Issue, 'severity' | 'code' | 'message'>[];
}

export function outcomeOf(
  all: readonly BudgetResult[],
  issues: readonly Issue[],
  strict: boolean,
): Outcome {
  const results = all.map((result) => {
    const { budget, subject } = result;
    const place = budget.place && { ...budget.place, file: fromHere(budget.place.file) };
    return { ...result, subject: fromHere(subject), budget: { ...budget, place } };
  });
  const counts = { meets: 0, likely: 0, over: 0, unknown: 0 };
  for (const { verdict } of results) counts[verdict]++;
  return {
    version: 1,
    results,
    counts,
    passed: !results.some((result) => fails(result, strict)),
    strict,
    issues: issues.map(({ severity, code, message }) => ({ severity, code, message })),
  };
}

export function fails({ verdict }: BudgetResult, strict: boolean): boolean {
  return verdict === 'over' || (strict && verdict !== 'meets');
}
