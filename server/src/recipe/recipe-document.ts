/** A recipe as the editor sees it: parsed once for each version, with the places of its parts. */

import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import { parseRecipe, type ParsedRecipe } from '#engine/recipe/parse';
import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';

/** The language of `coppice.yaml`. */
export const recipeLanguage = 'coppice-recipe';

const parsedKey = Symbol('parsed recipe');

/** The parsed recipe of a document; undefined for all other documents. */
export function recipeOf(document: SourceDocument): ParsedRecipe | undefined {
  if (document.languageId !== recipeLanguage) return undefined;
  return document.once(parsedKey, () => parseRecipe(document.text));
}

export type Path = readonly (string | number)[];

/** A key of a mapping with its place and the path of its value. */
export interface RecipeEntry {
  readonly path: Path;
  readonly key: Span;
  /** A plain value; undefined for mappings, lists and nothing. */
  readonly value?: { readonly data: unknown } & Span;
}

/** Every key and every plain value, in the order of the text. */
export function entriesOf({ document }: ParsedRecipe): RecipeEntry[] {
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
export function entryAt(parsed: ParsedRecipe, path: Path): RecipeEntry | undefined {
  return entriesOf(parsed).find((entry) => samePath(entry.path, path));
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

/** True for keys that are globs on the names of layers. */
export function isLayerGlob({ path }: RecipeEntry): boolean {
  return path.length > 2 && path.at(-2) === 'layers' && path[0] === 'steps';
}
