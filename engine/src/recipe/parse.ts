/** Text of a recipe, or of a file of budgets → its content, with every problem at its place. */

import { LineCounter, isMap, isNode, isPair, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { budgetFileSchema, type BudgetFile } from './budget-file-schema';
import { closest } from './closest';
import { knownKeys } from './known-keys';
import { recipeSchema, type Recipe } from './schema';

/** A place in the text; lines and columns count from 1. */
export interface TextRange {
  readonly start: { readonly line: number; readonly column: number; readonly offset: number };
  readonly end: { readonly line: number; readonly column: number; readonly offset: number };
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly range: TextRange;
}

/** A text that was read, with the places of its parts. */
export interface ParsedText {
  readonly problems: readonly Problem[];
  readonly document: Document;
  /** Where a key (or, without one, the value) at a path stands; undefined where the path does not exist. */
  rangeOf(path: readonly PropertyKey[], part?: 'key' | 'value'): TextRange | undefined;
}

export interface ParsedRecipe extends ParsedText {
  /** Absent when there are errors. */
  readonly recipe?: Recipe;
}

export interface ParsedBudgetFile extends ParsedText {
  /** Absent when there are errors. */
  readonly file?: BudgetFile;
}

export function parseRecipe(text: string): ParsedRecipe {
  const { content, ...parsed } = parse(text, recipeSchema);
  return content ? { recipe: content, ...parsed } : parsed;
}

export function parseBudgetFile(text: string): ParsedBudgetFile {
  const { content, ...parsed } = parse(text, budgetFileSchema);
  return content ? { file: content, ...parsed } : parsed;
}

function parse<S extends z.ZodType>(
  text: string,
  schema: S,
): ParsedText & { readonly content?: z.infer<S> } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const range = (start: number, end: number): TextRange => ({
    start: { ...position(lines, start), offset: start },
    end: { ...position(lines, end), offset: end },
  });
  const rangeOf: ParsedRecipe['rangeOf'] = (path, part = 'value') => {
    const node = nodeAt(document, path, part);
    return node?.range ? range(node.range[0], node.range[1]) : undefined;
  };

  const syntax = [...document.errors, ...document.warnings].map((error): Problem => ({
    severity: error.name === 'YAMLWarning' ? 'warning' : 'error',
    message: error.message,
    range: range(error.pos[0], error.pos[1]),
  }));
  if (document.errors.length > 0) return { problems: syntax, document, rangeOf };

  const data = toData(document);
  if ('problem' in data) {
    const unreadable: Problem = {
      severity: 'error',
      message: data.problem,
      range: range(0, text.length),
    };
    return { problems: [...syntax, unreadable], document, rangeOf };
  }
  const parsed = schema.safeParse(data.value, { reportInput: true });
  if (parsed.success) return { content: parsed.data, problems: syntax, document, rangeOf };
  const whole = range(0, text.length);
  const problems = parsed.error.issues
    .flatMap((issue) => explain(issue, schema))
    .map(({ path, message, part }): Problem => ({
      severity: 'error',
      message,
      range: rangeOf(path, part) ?? nearestRange(path, rangeOf) ?? whole,
    }));
  return { problems: [...syntax, ...problems], document, rangeOf };
}

/** Aliases are bounded, so that a small file cannot grow into a huge value; one may also lead nowhere. */
function toData(document: Document): { value: unknown } | { problem: string } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) ?? {} };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

interface Complaint {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly part: 'key' | 'value';
}

/** What a person should read for an issue of the schema library; a union explains its nearest branch. */
function explain(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  prefix: readonly PropertyKey[] = [],
): Complaint[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, schema));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = issue.errors.reduce((best, each) => (score(each) < score(best) ? each : best));
    return branch.flatMap((inner) => explain(inner, schema, path));
  }
  if (issue.code === 'invalid_type' && issue.input === undefined && path.length > 0) {
    return [{ path, message: `The key \`${String(path.at(-1))}\` is missing.`, part: 'key' }];
  }
  const name = path.length > 0 ? `\`${path.map(String).join('.')}\`: ` : '';
  return [{ path, message: `${name}${issue.message}.`, part: 'value' }];
}

/** The branch of a union whose complaints lie deepest is the one that was meant. */
function score(issues: readonly z.core.$ZodIssue[]): number {
  const unknown = issues.filter(
    (each) => each.code === 'unrecognized_keys' && each.path.length === 0,
  );
  return unknown.length * 1000 + issues.length;
}

function unknownKey(path: readonly PropertyKey[], key: string, schema: z.ZodType): Complaint {
  const near = closest(key, knownKeys(path.slice(0, -1), schema));
  const hint = near ? ` Did you mean \`${near}\`?` : '';
  return { path, message: `Unknown key \`${key}\`.${hint}`, part: 'key' };
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function nodeAt(
  document: Document,
  path: readonly PropertyKey[],
  part: 'key' | 'value',
): Node | undefined {
  if (part === 'value' || path.length === 0) {
    const found = document.getIn(path, true);
    return isNode(found) ? found : undefined;
  }
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return nodeAt(document, path, 'value');
  const pair = parent.items.find(
    (item) => isPair(item) && String(item.key) === String(path.at(-1)),
  );
  return isNode(pair?.key) ? pair.key : undefined;
}

/** For something that is missing: the key of the mapping that should hold it. */
function nearestRange(
  path: readonly PropertyKey[],
  rangeOf: ParsedRecipe['rangeOf'],
): TextRange | undefined {
  for (let length = path.length - 1; length > 0; length--) {
    const range = rangeOf(path.slice(0, length), 'key') ?? rangeOf(path.slice(0, length));
    if (range) return range;
  }
  return undefined;
}
