/**
 * Finds out what printed text leaves unsaid by reading it back: whatever the reader would not get
 * from it goes into an annotation. So nothing is lost, whether the syntax has no place for it, the
 * name cannot be written there, or the message is malformed.
 */

import { difference, type Json } from './annotation';
import type { MessageKind } from './fields';
import { Parser } from './parser';

/**
 * The `#: …` comment that must stand before `text`, `undefined` when none is needed. `elsewhere`
 * names the fields that are printed, and annotated, apart from it.
 */
export function annotationOf(
  kind: MessageKind,
  message: object,
  text: string,
  read: (parser: Parser) => object,
  elsewhere: readonly string[] = [],
): string | undefined {
  const patch = difference(kind, message, read(new Parser(text)), elsewhere);
  return patch && annotationText(patch);
}

export function annotationText(patch: Json): string {
  return `#: ${JSON.stringify(patch)}`;
}
