/** From what the client asks for to what the job is told. */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CoppiceError } from '#engine/ir/issue';
import type { JobRequest } from '#engine/recipe/job-messages';
import { parseRecipe } from '#engine/recipe/parse';
import { runFolderOf } from '#engine/recipe/run-in-folder';
import type { QuickTarget } from '#protocol/messages';
import { recipeOfTarget } from './recipe-of-target';

export type RunWhat =
  /** Path of a recipe. */
  | { readonly recipe: string }
  /** Path of a model, and its workspace folder. */
  | { readonly model: string; readonly target: QuickTarget; readonly folder: string | undefined };

/** @throws CoppiceError for a recipe that cannot be run, with its first problem. */
export function prepareRun(what: RunWhat): JobRequest {
  const written = 'recipe' in what;
  const { text, path } = written
    ? { text: readFileSync(what.recipe, 'utf8'), path: what.recipe }
    : recipeOfTarget(what.model, what.target, what.folder);
  const { recipe, problems } = parseRecipe(text);
  if (!recipe) {
    const [{ message, range }] = problems;
    throw new CoppiceError('recipe', `${path}, line ${range.start.line}: ${message}`);
  }
  const beside = runFolderOf(recipe, path);
  // Runs without a recipe are kept where the editor looks for them: in the workspace folder.
  const home = written ? undefined : what.folder;
  const folder = home ? join(home, '.coppice', 'runs', basename(beside)) : beside;
  return { type: 'run', text, path, written, folder };
}
