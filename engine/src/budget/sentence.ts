/** What is said of a model and its budget, behind the model's name. */

import type { BudgetMetric, BudgetResult } from '#protocol/budget';
import { formatInterval } from '../inspect/format-latency';
import { formatFigure, formatTime } from './figures';

/** `takes 21 ms ±9 % on Raspberry Pi 4, 6 ms over its budget of 15 ms` */
export function sentenceOf(result: Omit<BudgetResult, 'message'>, why?: string): string {
  const { budget, verdict, actual, high } = result;
  const figure = formatFigure(budget.metric, budget.value);
  const limit = `its budget of ${figure}`;
  if (actual === null) {
    return `cannot be held against its ${nounOf(budget.metric)} budget of ${figure}: ${why}`;
  }
  const fact = factOf(result, actual);
  switch (verdict) {
    case 'over':
      return `${fact}, ${gapOf(result, actual)} ${limit}`;
    case 'likely':
      return high !== null && high > budget.value
        ? `${fact}, within ${limit}, but it may take up to ${formatTime(high)}`
        : `${fact}, within ${limit}, but parts of it are of kinds that were never timed there`;
    case 'unknown':
      return `${fact}, which does not tell whether it keeps to ${limit}`;
    case 'meets':
      return `${fact}, within ${limit}`;
  }
}

function factOf(result: Omit<BudgetResult, 'message'>, actual: number): string {
  const { metric } = result.budget;
  const figure = formatFigure(metric, actual);
  switch (metric) {
    case 'latency': {
      const { low, high } = result;
      const on = ` on ${deviceName(result)}`;
      if (low === null || high === null) return `takes at least ${figure}${on}`;
      return `takes ${figure} ${formatInterval({ ms: actual, lowMs: low, highMs: high })}${on}`;
    }
    case 'size':
      return `has ${figure}`;
    case 'macs':
      return `needs ${figure} MACs`;
    case 'params':
      return `has ${figure} params`;
    case 'accuracy':
      return `reaches ${figure} top-1 accuracy`;
  }
}

/** `Raspberry Pi 4`, with the runtime where the budget says which. */
export function deviceName({ budget, device }: Pick<BudgetResult, 'budget' | 'device'>): string {
  if (!device) return budget.device ?? '';
  return budget.device?.includes('/') ? `${device.name} (${device.runtime})` : device.name;
}

function nounOf(metric: BudgetMetric): string {
  return metric === 'macs' ? 'MACs' : metric;
}

function gapOf({ budget }: Pick<BudgetResult, 'budget'>, actual: number): string {
  const { metric, value } = budget;
  if (metric === 'accuracy') return `${((value - actual) * 100).toFixed(1)} points under`;
  return `${formatFigure(metric, actual - value)} over`;
}
