/** What the job that measures a model's sensitivity is told: the model, and data with its preprocessing. */

import { dirname, relative } from 'node:path';
import type { SensitivityJob } from '#engine/recipe/job-messages';
import { sensitivityFile } from '#engine/recipe/sensitivity-folder';
import type { Workspace } from '../workspace';
import { recipeFor } from './recipe-of-target';

/**
 * @param data samples to take as they are; those of the nearest recipe for the model where absent.
 * @returns undefined where there is neither.
 */
export function prepareSensitivity(
  model: string,
  data: string | undefined,
  workspace: Workspace,
): SensitivityJob | undefined {
  const known = data
    ? { path: relative(dirname(model), data) }
    : recipeFor(model, workspace.folderOf(model))?.data;
  if (!known) return undefined;
  return { type: 'sensitivity', model, data: known, folder: sensitivityFile(model) };
}
