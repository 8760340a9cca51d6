/** Recipes and budget files as the editor sees them: parsed once for each version, with the places of their parts. */

import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import { budgetFileSchema } from '#engine/recipe/budget-file-schema';
import { isBudgetFile } from '#engine/recipe/budget-sources';
import {
  parseBudgetFile,
  parseRecipe,
  type ParsedRecipe,
  type ParsedText,
} from '#engine/recipe/parse';
import { recipeSchema } from '#engine/recipe/schema';
import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';

/** The language of `coppice.yaml`. */
export const recipeLanguage = 'coppice-recipe';

const parsedKey = Symbol('parsed recipe');

/** The parsed recipe of a document; undefined for all other documents. */
export function recipeOf(document: SourceDocument): ParsedRecipe | undefined {
  if (document.languageId !== recipeLanguage) return undefined;
  return document.once(parsedKey, () => parseRecipe(document.text));
}

/** A text of ours with what may stand in it; undefined for all other documents. */
export function structuredOf(
  document: SourceDocument,
):
  | { readonly parsed: ParsedText; readonly schema: typeof recipeSchema | typeof budgetFileSchema }
  | undefined {
  const recipe = recipeOf(document);
  if (recipe) return { parsed: recipe, schema: recipeSchema };
  if (!isBudgetFile(document.path) || document.languageId !== 'yaml') return undefined;
  const parsed = document.once(budgetsKey, () => parseBudgetFile(document.text));
  return { parsed, schema: budgetFileSchema };
}

const budgetsKey = Symbol('parsed budgets');

export type Path = readonly (string | number)[];

/** A key of a mapping with its place and the path of its value. */
export interface RecipeEntry {
  readonly path: Path;
  readonly key: Span;
  /** A plain value; undefined for mappings, lists and nothing. */
  readonly value?: { readonly data: unknown } & Span;
}

/** Every key and every plain value, in the order of the text. */
export function entriesOf({ document }: ParsedText): RecipeEntry[] {
  const entries: RecipeEntry[] = [];
  const visit = (node: unknown, path: Path): void => {
    if (path.length > 32) return;
    if (isMap(node)) for (const pair of node.items) entry(pair, path);
    else if (isSeq(node)) node.items.forEach((item, i) => visit(item, [...path, i]));
  };
  const entry = (pair: Pair, parent: Path): void => {
    const { key, value } = pair;
    if (!isScalar(key) || !key.range) return;
    const path = [...parent, String(key.value)];
    entries.push({ path, key: spanOf(key)!, value: plain(value) });
    visit(value, path);
  };
  visit(document.contents, []);
  return entries;
}

function plain(node: unknown): RecipeEntry['value'] {
  const span = isScalar(node) ? spanOf(node) : undefined;
  return isScalar(node) && span ? { data: node.value, ...span } : undefined;
}

function spanOf({ range }: Node): Span | undefined {
  return range ? { from: range[0], to: range[1] } : undefined;
}

/** The entry at a path that a recipe has once. */
export function entryAt(parsed: ParsedText, path: Path): RecipeEntry | undefined {
  return entriesOf(parsed).find((entry) => samePath(entry.path, path));
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

/** True for keys that are globs on the names of layers. */
export function isLayerGlob({ path }: RecipeEntry): boolean {
  return path.length > 2 && path.at(-2) === 'layers' && path[0] === 'steps';
}
