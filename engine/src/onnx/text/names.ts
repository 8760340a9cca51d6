/** How names are written: bare where the syntax allows it, quoted otherwise. */

import { dataTypes } from '../../ir/data-type';

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const qualified = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Element types by their name in the syntax. */
export const elementTypes: ReadonlyMap<string, number> = new Map(
  dataTypes.map((type) => [type.name, type.code]),
);

/** Words that start a type that is not a plain tensor. */
export const typeKeywords: ReadonlySet<string> = new Set([
  'seq',
  'map',
  'optional',
  'sparse_tensor',
  'opaque',
]);

/** Words that start a type. */
export function startsType(word: string): boolean {
  return elementTypes.has(word) || typeKeywords.has(word);
}

/** Spellings of the floats that have no digits, in any case. */
export function isFloatWord(word: string): boolean {
  return /^(inf|infinity|nan)$/i.test(word);
}

export function isIdentifier(name: string | undefined): name is string {
  return name !== undefined && identifier.test(name);
}

/** Identifiers joined by dots, as domains are. */
export function isQualified(name: string | undefined): name is string {
  return name !== undefined && qualified.test(name);
}

/** A name where the syntax takes an identifier or a quoted string; none is written as `""`. */
export function quotable(name: string | undefined): string {
  return isIdentifier(name) && !startsType(name) ? name : quote(name ?? '');
}

/**
 * A name where the syntax takes an identifier only: characters it cannot hold become `_`. The
 * annotation beside it keeps the real name.
 */
export function bare(name: string | undefined, otherwise: string): string {
  if (isIdentifier(name) && !startsType(name) && !isFloatWord(name)) return name;
  const made = (name ?? '').replace(/[^A-Za-z0-9_]/g, '_');
  if (made === '') return otherwise;
  return isIdentifier(made) && !startsType(made) && !isFloatWord(made) ? made : `_${made}`;
}

/** The syntax knows one escape: a backslash makes the next character ordinary. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
