/** All kinds of code actions. One more kind is one more file and one more line. */

import { recipeAdviceActions } from '../recipe/advice-actions';
import { recipeFixes } from '../recipe/recipe-fixes';
import type { ActionKind } from './action';
import { budgetActions } from './budget-actions';
import { layerActions } from './layer-actions';

export const actionKinds: readonly ActionKind[] = [
  recipeFixes,
  budgetActions,
  recipeAdviceActions,
  layerActions,
];
