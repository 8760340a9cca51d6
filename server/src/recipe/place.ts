/**
 * Where in a recipe the cursor is, told from the lines above it rather than from a tree: while a key is
 * being typed the text is no YAML yet.
 */

import type { Span } from '../documents/line-index';

export interface Place extends Span {
  /** `key`: a key of the mapping at `path` is being typed; `value`: the value at `path`. */
  readonly kind: 'key' | 'value';
  readonly path: readonly (string | number)[];
  /** Keys that the mapping has already. */
  readonly siblings: ReadonlySet<string>;
}

/** A line taken apart: `  - key: value`. */
interface Line {
  readonly indent: number;
  /** Column of the key or the value behind the dashes. */
  readonly column: number;
  readonly dashes: number;
  readonly key?: string;
  readonly value: string;
}

export function placeAt(text: string, offset: number): Place | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(start, offset);
  if (/(^|\s)#/.test(before)) return undefined;
  const rest = /^[^\n\r]*/.exec(text.slice(offset))![0];
  const to = offset + /^[\w./*-]*/.exec(rest)![0].length;
  const lines = text.slice(0, start).split('\n').slice(0, -1);
  const flow = flowAt(before);
  if (flow) return flowPlace(flow, lines, before, offset, to);
  const line = takeApart(before);
  const parent = parentOf(lines, line);
  if (line.key !== undefined && /:\s/.test(before)) {
    return {
      kind: 'value',
      path: [...parent, line.key],
      from: offset - line.value.length,
      to,
      siblings: new Set(),
    };
  }
  const typed = line.value;
  const siblings = siblingsOf(text, start, line);
  return { kind: 'key', path: parent, from: offset - typed.length, to, siblings };
}

/** The inner part of a mapping in braces that is open at the end of a line. */
function flowAt(before: string): { head: string; inner: string } | undefined {
  const open = before.lastIndexOf('{');
  if (open < 0 || before.indexOf('}', open) >= 0) return undefined;
  return { head: before.slice(0, open), inner: before.slice(open + 1) };
}

function flowPlace(
  { head, inner }: { head: string; inner: string },
  lines: readonly string[],
  before: string,
  offset: number,
  to: number,
): Place | undefined {
  const line = takeApart(head);
  if (line.key === undefined) return undefined;
  const path = [...parentOf(lines, line), line.key];
  const items = inner.split(',');
  const last = items.at(-1)!;
  const siblings = new Set(items.slice(0, -1).map((item) => item.split(':')[0].trim()));
  const pair = /^\s*([^:]+):\s*(.*)$/.exec(last);
  if (pair) {
    const typed = pair[2];
    return {
      kind: 'value',
      path: [...path, pair[1].trim()],
      from: offset - typed.length,
      to,
      siblings,
    };
  }
  const typed = last.trimStart();
  return {
    kind: 'key',
    path,
    from: before.length === 0 ? offset : offset - typed.length,
    to,
    siblings,
  };
}

function takeApart(text: string): Line {
  const [, indent, dashes] = /^(\s*)((?:-\s+)*)/.exec(text)!;
  const column = indent.length + dashes.length;
  const body = text.slice(column).replace(/\s#.*$/, '');
  const pair = /^("[^"]*"|'[^']*'|[^\s:#][^:#]*?)\s*:(?:\s+(.*))?$/.exec(body);
  const count = dashes.split('-').length - 1;
  if (!pair) return { indent: indent.length, column, dashes: count, value: body };
  const key = pair[1].replace(/^["']|["']$/g, '');
  return { indent: indent.length, column, dashes: count, key, value: pair[2] ?? '' };
}

/** The path of the mapping that a line belongs to. */
function parentOf(lines: readonly string[], line: Line): (string | number)[] {
  const path: (string | number)[] = [];
  let { column } = line;
  if (line.dashes > 0) {
    path.unshift(itemNumber(lines, line.indent));
    column = line.indent;
  }
  // Items of a list may stand at the column of the key that holds the list.
  let allowsEqual = line.dashes > 0;
  for (let i = lines.length - 1; i >= 0 && (column > 0 || allowsEqual); i--) {
    if (/^\s*(#.*)?$/.test(lines[i])) continue;
    const above = takeApart(lines[i]);
    const holds =
      above.key !== undefined &&
      above.dashes === 0 &&
      (above.column < column || (allowsEqual && above.column === column));
    if (above.dashes > 0 && above.column <= column && above.indent < column) {
      // A key behind a dash: either a sibling or what holds the line.
      if (above.column < column && above.key !== undefined) path.unshift(above.key);
      path.unshift(itemNumber(lines.slice(0, i), above.indent));
      column = above.indent;
      allowsEqual = true;
    } else if (holds) {
      path.unshift(above.key!);
      column = above.column;
      allowsEqual = false;
    }
  }
  return path;
}

/** How many items the list at a column has above. */
function itemNumber(lines: readonly string[], indent: number): number {
  let count = 0;
  for (let i = lines.length - 1; i >= 0; i--) {
    if (/^\s*(#.*)?$/.test(lines[i])) continue;
    const above = takeApart(lines[i]);
    if (above.indent < indent || (above.indent === indent && above.dashes === 0)) break;
    if (above.indent === indent && above.dashes > 0) count++;
  }
  return count;
}

/** Keys at the same column in the same block, above and below. */
function siblingsOf(text: string, start: number, line: Line): ReadonlySet<string> {
  const lines = text.split('\n');
  const at = text.slice(0, start).split('\n').length - 1;
  const siblings = new Set<string>();
  const collect = (i: number, up: boolean): boolean => {
    if (/^\s*(#.*)?$/.test(lines[i])) return true;
    const other = takeApart(lines[i].trimEnd());
    if (other.column < line.column || (!up && other.dashes > 0 && other.indent < line.column))
      return false;
    if (other.column === line.column && other.key !== undefined) siblings.add(other.key);
    return !(up && other.dashes > 0 && other.column === line.column);
  };
  if (line.dashes === 0) for (let i = at - 1; i >= 0 && collect(i, true); i--);
  for (let i = at + 1; i < lines.length && collect(i, false); i++);
  return siblings;
}
