/** Budgets and how models keep to them, as `coppice check --json` and diagnostics carry it. */

import type { Origin } from './device';

export const budgetMetrics = ['latency', 'size', 'macs', 'params', 'accuracy'] as const;
export type BudgetMetric = (typeof budgetMetrics)[number];

/**
 * - `meets`: within the budget, also at the far end of the estimate's interval.
 * - `likely`: within the budget, but not at the far end of the interval.
 * - `over`: not within the budget.
 * - `unknown`: nothing is known that could tell.
 */
export type Verdict = 'meets' | 'likely' | 'over' | 'unknown';

/** Where a budget is written; lines and columns count from 1. */
export interface BudgetPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** One figure of a budget. */
export interface BudgetLimit {
  readonly metric: BudgetMetric;
  /** Milliseconds, bytes, a count; for accuracy the least share, 0 … 1. */
  readonly value: number;
  /** What latency is estimated for, as it is written; null for the other metrics. */
  readonly device: string | null;
  /** Null where it was given on the command line or in settings. */
  readonly place: BudgetPlace | null;
}

/** A model held against one figure of a budget. */
export interface BudgetResult {
  readonly budget: BudgetLimit;
  /** Path of the model. */
  readonly subject: string;
  readonly verdict: Verdict;
  /** True where no error of the estimate could change the verdict. */
  readonly certain: boolean;
  /** In the unit of the budget; null where it is not known. */
  readonly actual: number | null;
  /** The estimate's interval; null where the figure is exact or a bound. */
  readonly low: number | null;
  readonly high: number | null;
  /** Of the estimate, for latency. */
  readonly device: {
    readonly id: string;
    readonly name: string;
    readonly runtime: string;
    readonly origin: Origin;
  } | null;
  /** `takes 21 ms ±9 % on Raspberry Pi 4, 6 ms over its budget of 15 ms`. */
  readonly message: string;
}
