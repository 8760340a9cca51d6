/** The accuracy that budgets are about: measured now where that is asked for, else found in reports. */

import { dirname } from 'node:path';
import { readFileSync } from 'node:fs';
import type { Dataset } from '#engine/data/dataset';
import { openDataset } from '#engine/data/open';
import type { Model } from '#engine/ir/model';
import { openRecipeData } from '#engine/recipe/data-source';
import { measuredAccuracy } from '#engine/recipe/measured-accuracy';
import { parseRecipe } from '#engine/recipe/parse';
import { startRuntime } from '#engine/runtime/client';
import { evaluateAccuracy } from '#engine/runtime/evaluate';
import type { BudgetLimit } from '#protocol/budget';
import type { Invocation } from '../command';
import { dataFlag, preprocessingFlags, preprocessingOf } from '../data-flags';
import type { Flag } from '../command';

export const accuracyFlags: readonly Flag[] = [
  {
    name: 'measure',
    type: 'boolean',
    help: 'Measure accuracy on the validation data of the recipe that asks for it, instead of taking it from the reports of runs.',
  },
  { ...dataFlag, help: `Measure accuracy on these instead. ${dataFlag.help}` },
  ...preprocessingFlags,
];

/** The share of right answers, or a sentence that says why it is not known. */
export async function accuracyOf(
  model: Model,
  path: string,
  limits: readonly BudgetLimit[],
  { flags, signal, terminal }: Invocation,
): Promise<number | string> {
  const limit = limits.find(({ metric }) => metric === 'accuracy');
  if (!limit) return 'nobody asked for it';
  const recipe = limit.place?.file;
  const labelled =
    typeof flags.data === 'string'
      ? {
          dataset: await openDataset(flags.data, preprocessingOf(flags), model),
          labelOffset: undefined,
        }
      : flags.measure && recipe !== undefined
        ? await validationOf(recipe, model)
        : undefined;
  if (!labelled) return measuredAccuracy(model, path);
  const runtime = await startRuntime({ signal });
  try {
    const session = await runtime.open(path);
    const { top1 } = await evaluateAccuracy(session, labelled.dataset, {
      signal,
      labelOffset: labelled.labelOffset,
      progress: (done, total) => terminal.progress(`accuracy of ${path}`, done / total),
    });
    return top1;
  } finally {
    await runtime.close();
  }
}

/** Undefined where the recipe names no data to measure on. */
async function validationOf(
  file: string,
  model: Model,
): Promise<{ dataset: Dataset; labelOffset: number | undefined } | undefined> {
  const { recipe } = parseRecipe(readFileSync(file, 'utf8'));
  if (!recipe?.data?.validation) return undefined;
  const { validation } = await openRecipeData(recipe.data, dirname(file), model);
  return validation && { dataset: validation, labelOffset: recipe.data.label_offset };
}
