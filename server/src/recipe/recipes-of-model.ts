/** The recipes of a workspace that compress a model. */

import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseRecipe } from '#engine/recipe/parse';
import { uriOf, type Workspace } from '../workspace';
import { recipeLanguage } from './recipe-document';

/** A recipe as it is now, with changes that are not saved. */
export interface FoundRecipe {
  readonly uri: string;
  readonly path: string;
  readonly text: string;
}

const names = ['coppice.yaml', 'coppice.yml'];
/** Larger files are no recipes that a person wrote. */
const mostBytes = 1_000_000;
const mostSteps = 16;

/**
 * Open recipes, and those in the folders from the source and from the model up to the workspace
 * folder, nearest to the source first.
 */
export function recipesOfModel(model: string, source: string, workspace: Workspace): FoundRecipe[] {
  const open = [...workspace.documents.values()].filter(
    ({ languageId }) => languageId === recipeLanguage,
  );
  const texts = new Map(open.map(({ path, text }) => [path, text]));
  const folder = workspace.folderOf(source);
  const near = [...foldersUp(dirname(source), folder), ...foldersUp(dirname(model), folder)];
  const paths = near.flatMap((each) => names.map((name) => join(each, name)));
  return [...new Set([...paths, ...texts.keys()])].flatMap((path): FoundRecipe[] => {
    const text = texts.get(path) ?? textOf(path);
    return text !== undefined && modelOf(path, text) === model
      ? [{ uri: uriOf(path), path, text }]
      : [];
  });
}

function foldersUp(from: string, folder: string | undefined): string[] {
  const folders: string[] = [];
  for (let at = from; folders.length < mostSteps; at = dirname(at)) {
    folders.push(at);
    if (folder === undefined || at === folder || at === dirname(at)) break;
  }
  return folders;
}

function textOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= mostBytes ? readFileSync(path, 'utf8') : undefined;
}

function modelOf(path: string, text: string): string | undefined {
  const model: unknown = parseRecipe(text).document.get('model');
  return typeof model === 'string' && basename(model) !== ''
    ? resolve(dirname(path), model)
    : undefined;
}
