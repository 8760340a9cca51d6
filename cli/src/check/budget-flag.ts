/** `--budget latency=15ms@raspberry-pi-4`: a budget that no file holds. */

import { limitsOf, type ScopedLimit } from '#engine/budget/limit';
import { budgetSchema } from '#engine/budget/schema';
import { CoppiceError } from '#engine/ir/issue';
import { closest } from '#engine/recipe/closest';
import { budgetMetrics } from '#protocol/budget';
import type { Flag } from '../command';

export const budgetFlag: Flag = {
  name: 'budget',
  type: 'strings',
  value: 'METRIC=FIGURE[@DEVICE]',
  help: `A budget of every model that is checked, such as latency=15ms@raspberry-pi-4 or size=1MB; may be given several times. Metrics: ${budgetMetrics.join(', ')}.`,
};

/** @throws CoppiceError `usage` for anything else than a metric with its figure. */
export function limitOfFlag(text: string): ScopedLimit {
  const match = /^\s*(\w+)\s*=\s*([^@]+?)\s*(?:@\s*(\S+)\s*)?$/.exec(text);
  const [, metric, figure, device] = match ?? [];
  if (!match || !budgetMetrics.some((each) => each === metric)) {
    const near = metric && closest(metric, budgetMetrics);
    const hint = near ? ` Did you mean ${near}?` : '';
    throw new CoppiceError(
      'usage',
      `--budget needs METRIC=FIGURE, such as latency=15ms@raspberry-pi-4, not "${text}".${hint}`,
    );
  }
  if ((metric === 'latency') !== (device !== undefined)) {
    throw new CoppiceError(
      'usage',
      metric === 'latency'
        ? `--budget ${text}: a latency needs a device, such as ${text.trim()}@raspberry-pi-4.`
        : `--budget ${text}: only a latency is for a device.`,
    );
  }
  const given = /^[\d.]+$/.test(figure) ? Number(figure) : figure;
  const parsed = budgetSchema.safeParse({ [metric]: given, ...(device ? { device } : {}) });
  if (!parsed.success) {
    const [{ message }] = parsed.error.issues;
    throw new CoppiceError('usage', `--budget ${text}: ${message}.`);
  }
  const scope = { kind: 'glob' as const, folder: '/', glob: '**' };
  return limitsOf([parsed.data], { scope, folder: '/', placeOf: () => null })[0];
}
