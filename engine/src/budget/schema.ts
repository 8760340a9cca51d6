/** How a budget is written: at least one figure that a model must keep to. */

import { z } from 'zod';
import { parseBytes, parseCount, parseMilliseconds } from '../ir/units';
import { budgetMetrics } from '#protocol/budget';

/** A positive number in the metric's own unit, or a text with a unit. */
function quantity(parse: (text: string) => number | undefined, hint: string) {
  return z.union([z.number(), z.string()]).transform((given, context) => {
    const value = typeof given === 'number' ? given : parse(given);
    if (value !== undefined && value > 0 && Number.isFinite(value)) return value;
    context.addIssue({ code: 'custom', message: `"${given}" is not ${hint}` });
    return z.NEVER;
  });
}

const count = quantity(parseCount, 'a number of them, such as 50 M; shares are for targets');

/** `92 %` and `0.92` are the same; more than 1 without a percent sign is no share. */
function parseShare(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text);
  return match ? Number(match[1]) / (match[2] ? 100 : 1) : undefined;
}

const share = quantity(parseShare, 'a share, such as 92 % or 0.92').refine(
  (value) => value <= 1,
  'An accuracy is a share, such as 92 % or 0.92',
);

export const budgetSchema = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The models that it is for: a glob, relative to the file that it is written in. Default: what the recipe makes, or every model below a budget file.',
      ),
    device: z
      .string()
      .optional()
      .describe(
        'What latency is estimated for: an id that `coppice devices` lists. Default: the device of the recipe.',
      ),
    latency: quantity(parseMilliseconds, 'a time, such as 15 ms')
      .optional()
      .describe('The longest time of one inference, such as `15 ms`; a number is milliseconds.'),
    size: quantity(parseBytes, 'a size, such as 1 MB')
      .optional()
      .describe('The most bytes on disk, with external data, such as `1 MB`.'),
    macs: count.optional().describe('The most multiply-accumulates, such as `50 M`.'),
    params: count.optional().describe('The most params, such as `300 k`.'),
    accuracy: share
      .optional()
      .describe('The least top-1 accuracy, such as `92 %`; judged where it was measured.'),
  })
  .refine(
    (budget) => budgetMetrics.some((metric) => budget[metric] !== undefined),
    `A budget limits at least one of ${budgetMetrics.join(', ')}`,
  );

export type Budget = z.infer<typeof budgetSchema>;

export const budgetsSchema = z
  .array(budgetSchema)
  .describe('What the result must keep to; `coppice check` and the editor judge it.');

/** A check of what holds budgets: no latency without a device that it is meant for. */
export function latenciesHaveDevices(
  given: z.core.ParsePayload<{
    readonly device?: string | undefined;
    readonly budgets?: readonly Budget[] | undefined;
  }>,
): void {
  const { device, budgets = [] } = given.value;
  if (device !== undefined) return;
  budgets.forEach((budget, i) => {
    if (budget.latency === undefined || budget.device !== undefined) return;
    given.issues.push({
      code: 'custom',
      path: ['budgets', i, 'latency'],
      message: 'A latency needs a device, such as `device: raspberry-pi-4`',
      input: budget.latency,
    });
  });
}
