/** The recipe of a run that was asked for by a target alone. */

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { stringify } from 'yaml';
import type { QuickTarget } from '#protocol/messages';
import { parseRecipe } from '#engine/recipe/parse';
import type { Recipe } from '#engine/recipe/schema';

/** A recipe and the file it would lie in, beside the model. */
export interface MadeRecipe {
  readonly text: string;
  readonly path: string;
}

/** Runtimes compute channels in blocks of this many; odd counts save nothing. */
const channelBlock = 8;

/**
 * @param folder The workspace folder; recipes are looked for from the model's folder up to it, so
 * that the run may use the data that one of them names for the same model.
 */
export function recipeOfTarget(
  model: string,
  target: QuickTarget,
  folder: string | undefined,
): MadeRecipe {
  const directory = dirname(model);
  const known = recipeFor(model, folder);
  const { device, ...given } = target;
  const [metric, amount] = Object.entries<number | string>(given).at(0) ?? ['macs', 0.5];
  // A search by latency knows the block of the device.
  const round = metric === 'latency' ? {} : { round: channelBlock };
  const prune = { scope: 'global', [metric]: amount, ...round };
  const suffix = typeof amount === 'number' ? Math.round(amount * 100) : amount.replace(/\s/g, '');
  const text = stringify({
    model: basename(model),
    ...(known ? { task: known.task, data: known.data } : { task: 'fidelity' }),
    ...(device === undefined ? {} : { device }),
    steps: [{ prune }],
    output: freeName(directory, basename(model).replace(/\.\w+$/, ''), String(suffix)),
    seed: 0,
  });
  return { text, path: join(directory, 'coppice.yaml') };
}

/** What the nearest recipe for the same model says of data, its paths made relative to the model. */
export function recipeFor(
  model: string,
  folder: string | undefined,
): Pick<Recipe, 'task' | 'data'> | undefined {
  const directory = dirname(model);
  for (let at = directory, steps = 0; steps < 8; at = dirname(at), steps++) {
    for (const name of ['coppice.yaml', 'coppice.yml']) {
      const recipe = readRecipe(join(at, name));
      if (!recipe?.data || resolve(at, recipe.model) !== model) continue;
      const move = (path: string): string =>
        relative(directory, resolve(at, path)).split(sep).join('/');
      const { path, validation } = recipe.data;
      const moved = { path: move(path), ...(validation ? { validation: move(validation) } : {}) };
      return { task: recipe.task, data: { ...recipe.data, ...moved } };
    }
    if (at === folder || folder === undefined || at === dirname(at)) break;
  }
  return undefined;
}

function readRecipe(path: string): Recipe | undefined {
  return existsSync(path) ? parseRecipe(readFileSync(path, 'utf8')).recipe : undefined;
}

/** `model-50.onnx`, `model-15ms.onnx`, or `model-50-2.onnx` where that exists: nothing is overwritten unasked. */
function freeName(directory: string, name: string, suffix: string): string {
  for (let number = 1; ; number++) {
    const candidate = `${name}-${suffix}${number === 1 ? '' : `-${number}`}.onnx`;
    if (!existsSync(join(directory, candidate))) return candidate;
  }
}
