/** The recipe of a run that was asked for by a target alone. */

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { stringify } from 'yaml';
import type { QuickTarget } from '#protocol/messages';
import { CoppiceError } from '#engine/ir/issue';
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
 * that the run may use the data that one of them names for the same model, or for what it was made of.
 * @throws CoppiceError `no-data` where the model is to be trained and no recipe names data for it.
 */
export function recipeOfTarget(
  model: string,
  target: QuickTarget,
  folder: string | undefined,
): MadeRecipe {
  const directory = dirname(model);
  const { finetune } = target;
  const teacher = finetune?.teacher;
  const known =
    recipeFor(model, folder) ?? (teacher ? recipeFor(teacher, folder, directory) : undefined);
  if (finetune && !known) {
    throw new CoppiceError(
      'no-data',
      `No recipe names data for ${basename(model)}, and fine-tuning needs some: write a recipe.`,
    );
  }
  const cut = cutOf(target);
  const steps = [
    ...(cut ? [{ prune: cut.options }] : []),
    ...(finetune
      ? [{ finetune: { epochs: finetune.epochs, ...teaches(teacher ?? known?.original) } }]
      : []),
  ];
  const suffix = [...(cut ? [cut.suffix] : []), ...(finetune ? ['tuned'] : [])].join('-');
  const text = stringify({
    model: basename(model),
    ...(known ? { task: known.task, data: known.data } : { task: 'fidelity' }),
    ...(target.device === undefined ? {} : { device: target.device }),
    steps,
    output: freeName(directory, basename(model).replace(/\.\w+$/, ''), suffix),
    seed: 0,
  });
  return { text, path: join(directory, 'coppice.yaml') };
}

/** Undefined where nothing is to be cut, only trained. */
function cutOf({ macs, params, bytes, latency, finetune }: QuickTarget) {
  const asked = Object.entries({ macs, params, bytes, latency }).find(
    ([, amount]) => amount !== undefined,
  );
  if (!asked && finetune) return undefined;
  const [metric, amount] = asked ?? ['macs', 0.5];
  // A search by latency knows the block of the device.
  const round = metric === 'latency' ? {} : { round: channelBlock };
  const suffix = typeof amount === 'number' ? Math.round(amount * 100) : amount!.replace(/\s/g, '');
  return { options: { scope: 'global', [metric]: amount, ...round }, suffix: String(suffix) };
}

/** Whoever is no other model than the run's own teaches without being named. */
function teaches(teacher: string | undefined): { teacher?: string } {
  return teacher === undefined ? {} : { teacher };
}

export interface KnownRecipe extends Pick<Recipe, 'task' | 'data'> {
  /** The model that the recipe makes the asked one of; absent where it asks for that model itself. */
  readonly original?: string;
}

/** What the nearest recipe for a model, or for making it, says of data, with paths relative to `directory`. */
export function recipeFor(
  model: string,
  folder: string | undefined,
  directory = dirname(model),
): KnownRecipe | undefined {
  for (let at = dirname(model), steps = 0; steps < 8; at = dirname(at), steps++) {
    for (const name of ['coppice.yaml', 'coppice.yml']) {
      const recipe = readRecipe(join(at, name));
      if (!recipe?.data) continue;
      const isMade = resolve(at, recipe.output) === model;
      if (!isMade && resolve(at, recipe.model) !== model) continue;
      const move = (path: string): string =>
        relative(directory, resolve(at, path)).split(sep).join('/');
      const { path, validation } = recipe.data;
      const moved = { path: move(path), ...(validation ? { validation: move(validation) } : {}) };
      return {
        task: recipe.task,
        data: { ...recipe.data, ...moved },
        ...(isMade ? { original: resolve(at, recipe.model) } : {}),
      };
    }
    if (at === folder || folder === undefined || at === dirname(at)) break;
  }
  return undefined;
}

function readRecipe(path: string): Recipe | undefined {
  return existsSync(path) ? parseRecipe(readFileSync(path, 'utf8')).recipe : undefined;
}

/** `model-50.onnx`, `model-15ms.onnx`, `model-tuned.onnx`, or `model-50-2.onnx` where that exists: nothing is overwritten unasked. */
function freeName(directory: string, name: string, suffix: string): string {
  for (let number = 1; ; number++) {
    const candidate = `${name}-${suffix}${number === 1 ? '' : `-${number}`}.onnx`;
    if (!existsSync(join(directory, candidate))) return candidate;
  }
}
