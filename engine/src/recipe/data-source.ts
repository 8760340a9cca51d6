/** Opens the data that a recipe names, relative to the recipe's folder. */

import { resolve } from 'node:path';
import type { Dataset } from '../data/dataset';
import { openDataset } from '../data/open';
import { preprocessingSchema } from '../data/preprocessing';
import type { Model } from '../ir/model';
import type { RecipeData } from './schema';

export interface RecipeDatasets {
  readonly calibration?: Dataset;
  /** Labelled or not; absent when the recipe names none. */
  readonly validation?: Dataset;
}

/** @param model that is fed with it. */
export async function openRecipeData(
  data: RecipeData | undefined,
  directory: string,
  model: Model,
): Promise<RecipeDatasets> {
  if (!data) return {};
  const { path, validation, ...options } = data;
  const preprocessing = preprocessingSchema.strip().parse(options);
  return {
    calibration: await openDataset(resolve(directory, path), preprocessing, model),
    validation: validation
      ? await openDataset(resolve(directory, validation), preprocessing, model)
      : undefined,
  };
}
