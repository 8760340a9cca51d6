/**
 * The smallest edits of a YAML text that put values into its mappings: comments, order, quotes and the
 * style of what is there stay, and what is new is written in the style of what it stands in.
 */

import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import type { Span } from '../documents/line-index';

/** Puts `text` in the place of a stretch of the old text. */
export interface TextEdit extends Span {
  readonly text: string;
}

export type Scalar = string | number | boolean;
export type Value = Scalar | readonly Scalar[] | readonly Fields[] | Fields;
export interface Fields {
  readonly [key: string]: Value;
}

/** A YAML scalar; quoted where a plain one would mean something else. */
export function quoted(text: string): string {
  return /^[A-Za-z_./][\w./*-]*$/.test(text) && !reserved.test(text) ? text : JSON.stringify(text);
}

const reserved = /^(true|false|null|yes|no|on|off|\.nan|\.inf)$/i;

/**
 * Merges fields into the mapping at a path: those that are there get the new value, mappings are
 * merged in turn, the others are added.
 *
 * @param text what `document` was parsed from.
 * @returns undefined where something else than a mapping is in the way, such as an alias.
 */
export function mergeAt(
  text: string,
  document: Document,
  path: readonly (string | number)[],
  fields: Fields,
): TextEdit[] | undefined {
  const editor = new Editor(text);
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(node)) return editor.merge(node, fields);
  const pair = pairAt(document, path);
  return pair && editor.replace(pair, fields, columnOf(text, pair), isInFlow(document, path));
}

/** Adds items to the list at a path, behind its last one. */
export function appendAt(
  text: string,
  document: Document,
  path: readonly (string | number)[],
  items: readonly Fields[],
): TextEdit[] | undefined {
  const list = document.getIn(path, true);
  if (!isSeq(list)) return undefined;
  const last = list.items.at(-1);
  if (list.flow || !isNode(last) || !last.range) {
    if (!list.range) return undefined;
    const inner = items.map(flow).join(', ');
    return [new Editor(text).intoFlow(list, inner, isNode(last) ? last : undefined)];
  }
  const dash = text.lastIndexOf('-', last.range[0]);
  const column = dash - lineStart(text, dash);
  return [afterLine(text, contentEnd(last), blockItems(items, column))];
}

class Editor {
  constructor(private readonly text: string) {}

  merge(map: YAMLMap, fields: Fields): TextEdit[] | undefined {
    const edits: TextEdit[] = [];
    const added: Record<string, Value> = {};
    for (const [key, value] of Object.entries(fields)) {
      const pair = map.items.find((each) => isScalar(each.key) && String(each.key.value) === key);
      const made = pair && this.set(pair, value, map);
      if (!pair) added[key] = value;
      else if (made) edits.push(...made);
      else return undefined;
    }
    if (Object.keys(added).length > 0) edits.push(this.add(map, added));
    return edits;
  }

  private set(pair: Pair, value: Value, map: YAMLMap): TextEdit[] | undefined {
    if (isMap(pair.value) && isFields(value)) return this.merge(pair.value, value);
    return this.replace(pair, value, columnOf(this.text, pair), map.flow === true);
  }

  /** Puts a value in the place of a scalar, of a list in brackets, or of nothing. */
  replace(pair: Pair, value: Value, column: number, inFlow: boolean): TextEdit[] | undefined {
    const old = pair.value;
    const key = isNode(pair.key) ? pair.key.range : undefined;
    if (!key) return undefined;
    const isPlain = isScalar(old) || (isSeq(old) && old.flow === true);
    if (old !== null && !(isPlain && isNode(old) && old.range)) return undefined;
    const isNothing = old === null || (isScalar(old) && old.value === null && old.source === '');
    if (!isNothing) {
      const [from, to] = (old as Node).range!;
      const style = isFields(value) && !inFlow && !isShallow(value);
      return [{ from, to, text: style ? `\n${block(value, column + 2)}` : flow(value) }];
    }
    const colon = this.text.indexOf(':', key[1]) + 1;
    if (isFields(value) && !inFlow) {
      const body = block(value, column + 2);
      return [afterLine(this.text, colon, body)];
    }
    return [{ from: colon, to: colon, text: ` ${flow(value)}` }];
  }

  private add(map: YAMLMap, fields: Fields): TextEdit {
    const last = map.items.at(-1);
    const end = last && endOf(last);
    if (map.flow || end === undefined) {
      const inner = flow(fields).slice(2, -2);
      return this.intoFlow(map, inner, end === undefined ? undefined : end);
    }
    const column = columnOf(this.text, map.items[0]);
    return afterLine(this.text, end, block(fields, column));
  }

  /** Into braces or brackets, behind the last item. */
  intoFlow(collection: Node, inner: string, last: Node | number | undefined): TextEdit {
    const [from, to] = collection.range!;
    if (last === undefined) {
      const isMapping = isMap(collection);
      const text = isMapping ? `{ ${inner} }` : `[${inner}]`;
      return { from, to, text };
    }
    const end = typeof last === 'number' ? last : contentEnd(last);
    const comma = /^\s*,/.exec(this.text.slice(end, to));
    if (comma) return { from: end + comma[0].length, to: end + comma[0].length, text: ` ${inner}` };
    return { from: end, to: end, text: `, ${inner}` };
  }
}

/** One line below the line that holds an offset; what stands behind it there stays. */
function afterLine(text: string, offset: number, body: string): TextEdit {
  const breakAt = text.indexOf('\n', offset);
  if (breakAt < 0) return { from: text.length, to: text.length, text: `\n${body}` };
  const end = text[breakAt - 1] === '\r' ? breakAt - 1 : breakAt;
  return { from: end, to: end, text: `\n${body}` };
}

/** Where the last character of a node stands, without the comments and blank lines behind it. */
function contentEnd(node: Node): number {
  const children = isMap(node) ? node.items : isSeq(node) ? node.items : [];
  const isFlow = (isMap(node) || isSeq(node)) && node.flow === true;
  const last = children.at(-1);
  if (isFlow || last === undefined) return node.range![1];
  return isNode(last) ? contentEnd(last) : (endOf(last as Pair) ?? node.range![1]);
}

function endOf({ key, value }: Pair): number | undefined {
  if (isNode(value) && value.range && value.range[1] > value.range[0]) return contentEnd(value);
  return isNode(key) && key.range ? key.range[1] : undefined;
}

function pairAt(document: Document, path: readonly (string | number)[]): Pair | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
}

function isInFlow(document: Document, path: readonly (string | number)[]): boolean {
  return path.some((_, length) => {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    return (isMap(node) || isSeq(node)) && node.flow === true;
  });
}

function columnOf(text: string, { key }: Pair): number {
  const at = isNode(key) && key.range ? key.range[0] : 0;
  return at - lineStart(text, at);
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function isItems(value: Value): value is readonly Fields[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => isFields(each as Value));
}

function isFields(value: Value): value is Fields {
  return typeof value === 'object' && !Array.isArray(value);
}

/** Fields that fit on a line in braces. */
function isShallow(fields: Fields): boolean {
  return Object.values(fields).every((value) => !isFields(value) && !isItems(value));
}

/** Lines of `key: value` that start at a column; without a line break at the end. */
function block(fields: Fields, column: number): string {
  return Object.entries(fields)
    .map(([key, value]) => {
      const start = `${' '.repeat(column)}${quoted(key)}:`;
      if (isItems(value)) return `${start}\n${blockItems(value, column + 2)}`;
      return isFields(value) && !isShallow(value)
        ? `${start}\n${block(value, column + 2)}`
        : `${start} ${flow(value)}`;
    })
    .join('\n');
}

function blockItems(items: readonly Fields[], column: number): string {
  return items
    .map((item) => `${' '.repeat(column)}- ${block(item, column + 2).trimStart()}`)
    .join('\n');
}

function flow(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (isFields(value)) {
    const inner = Object.entries(value).map(([key, each]) => `${quoted(key)}: ${flow(each)}`);
    return inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`;
  }
  return typeof value === 'string' ? quoted(value) : String(value);
}
