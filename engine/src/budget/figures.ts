/** Figures of budgets as people read them, and as they may be written into a recipe again. */

import type { BudgetMetric } from '#protocol/budget';
import { formatBytes, formatCount } from '../inspect/format';

export function formatFigure(metric: BudgetMetric, value: number): string {
  switch (metric) {
    case 'latency':
      return formatTime(value);
    case 'size':
      return plain(formatBytes(value));
    case 'macs':
    case 'params':
      return plain(formatCount(value));
    case 'accuracy':
      return `${three(value * 100)} %`;
  }
}

/** `12.5 ms`, `0.83 ms`, `1.2 s`: more digits than a hint has, because it stands beside a limit. */
export function formatTime(ms: number): string {
  if (ms < 0.09995) return `${three(ms * 1000)} us`;
  return ms < 999.5 ? `${three(ms)} ms` : `${three(ms / 1000)} s`;
}

/** `1 MB` for `1.00 MB`: a limit is what was written, not a measurement. */
function plain(text: string): string {
  return text.replace(/\.0+(?!\d)|(\.\d*[1-9])0+(?!\d)/, '$1');
}

/** Three digits that count, without zeros at the end. */
function three(value: number): string {
  return String(Number(value.toPrecision(3)));
}
