/** Paths as results name them. */

import { relative, resolve, sep } from 'node:path';
import type { BudgetPlace } from '#protocol/budget';

/** From the folder that the check is run in, with `/`. */
export function fromHere(path: string): string {
  return relative(resolve('.'), path).split(sep).join('/');
}

/** `coppice.yaml:12:5: `, empty for the command line. */
export function prefixOf(place: BudgetPlace | null): string {
  return place ? `${fromHere(place.file)}:${place.line}:${place.column}: ` : '';
}
