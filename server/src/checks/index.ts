/** All checks. One more is one more file and one more line. */

import { recipeChecks } from '../recipe/check-recipe';
import { budgetChecks } from './budget-checks';
import type { Check } from './check';
import { modelChecks } from './model-checks';

export const checks: readonly Check[] = [modelChecks, recipeChecks, budgetChecks];
