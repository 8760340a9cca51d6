/** What was checked, as a table for the terminal. */

import { formatFigure } from '#engine/budget/figures';
import { deviceName } from '#engine/budget/sentence';
import { alignColumns } from '#engine/inspect/columns';
import { formatInterval } from '#engine/inspect/format-latency';
import type { BudgetResult } from '#protocol/budget';
import type { Outcome } from './outcome';

export function checkTable({ results, counts, strict, passed }: Outcome, width: number): string {
  const columns = [
    { title: 'model', shrink: true },
    { title: 'budget', shrink: true },
    { title: 'is', right: true },
    { title: '' },
    { title: 'written in', shrink: true },
  ];
  const rows = results.map((result) => {
    const { place } = result.budget;
    const where = place ? `${place.file}:${place.line}` : '--budget';
    return [result.subject, budgetText(result), actualText(result), verdictText(result), where];
  });
  return [...alignColumns(columns, rows, width), '', summary(counts, strict, passed)].join('\n');
}

/** `latency ≤ 15 ms on Raspberry Pi 4` */
export function budgetText(result: BudgetResult): string {
  const { metric, value, device } = result.budget;
  const bound = `${metric} ${metric === 'accuracy' ? '≥' : '≤'} ${formatFigure(metric, value)}`;
  return device === null ? bound : `${bound} on ${deviceName(result)}`;
}

function actualText({ budget, actual, low, high }: BudgetResult): string {
  if (actual === null) return '?';
  const figure = formatFigure(budget.metric, actual);
  if (budget.metric !== 'latency') return figure;
  return low === null
    ? `≥ ${figure}`
    : `${figure} ${formatInterval({ ms: actual, lowMs: low, highMs: high })}`;
}

function verdictText({ verdict, certain }: BudgetResult): string {
  if (verdict === 'over') return certain ? 'over' : 'over (by the estimate)';
  return verdict;
}

function summary(counts: Outcome['counts'], strict: boolean, passed: boolean): string {
  const { meets, likely, over, unknown } = counts;
  const all = meets + likely + over + unknown;
  const parts = [
    `${meets} of ${all} budgets ${meets === 1 ? 'is' : 'are'} met`,
    ...(likely > 0 ? [`${likely} likely met`] : []),
    ...(over > 0 ? [`${over} exceeded`] : []),
    ...(unknown > 0 ? [`${unknown} could not be judged`] : []),
  ];
  const verdict = passed ? 'Passed' : strict && over === 0 ? 'Failed (--strict)' : 'Failed';
  return `${verdict}: ${parts.join(', ')}.`;
}
