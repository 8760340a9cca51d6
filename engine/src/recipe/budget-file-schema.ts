/** The shape of `coppice.budgets.yaml`: budgets of models that need no recipe. */

import { z } from 'zod';
import { budgetsSchema, latenciesHaveDevices } from '../budget/schema';

export const budgetFileSchema = z
  .strictObject({
    device: z
      .string()
      .optional()
      .describe('What latencies are estimated for, unless a budget says otherwise.'),
    budgets: budgetsSchema,
  })
  .check(latenciesHaveDevices);

export type BudgetFile = z.infer<typeof budgetFileSchema>;

/** The JSON schema (draft 2020-12) of `coppice.budgets.yaml`. */
export function budgetFileJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(budgetFileSchema, { io: 'input' }),
    title: 'Coppice budgets',
    description: 'What models must keep to.',
  };
}
