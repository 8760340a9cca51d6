/**
 * Reads models from the official ONNX text syntax (onnx/onnx, docs/Syntax.md) with the annotations
 * that `print.ts` adds to it. Recursive descent; every problem is an issue with line and column,
 * and reading goes on behind it where that makes sense.
 *
 * As in the reference parser, `float` is a scalar and `float[]` a tensor of unknown rank. Beyond it
 * we accept quoted names for graphs in attributes, commas at the end of lists, and the elements of
 * types below 8 bits one by one.
 */

import type { Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { emptyMessage } from './fields';
import { parseFunction, parseGraph, parseOpsets } from './parse-graph';
import { parseEntries } from './parse-tensor';
import { Parser, SyntaxProblem, TooManyProblems, type TextPositions } from './parser';

export type { TextPositions, TextRange } from './parser';

export interface ParseResult {
  readonly model: Model;
  readonly issues: Issue[];
  readonly positions: TextPositions;
}

/**
 * The model that `text` spells. With issues of severity `error` it holds what could be read.
 * `Issue.offset` counts characters, not bytes.
 */
export function parseModel(text: string): ParseResult {
  const parser = new Parser(text);
  const model = emptyMessage('model') as unknown as Model;
  const annotations = parser.is('<') ? parser.lexer.takeAnnotations() : [];
  try {
    parser.recovering(
      () => parseHeader(parser, model),
      () => parser.atName,
    );
    parseBody(parser, model);
    parser.annotate('model', model, annotations);
    reportElided(parser);
    reportStray(parser);
  } catch (problem) {
    if (!(problem instanceof TooManyProblems)) throw problem;
  }
  return { model, issues: parser.issues, positions: parser.positions };
}

/** The `<key: value, …>` before the graph. */
export function parseHeader(parser: Parser, model: Model): void {
  if (parser.matches('<')) parser.items('>', () => parseKey(parser, model));
}

function parseKey(parser: Parser, model: Model): void {
  const { start } = parser.lexer;
  const key = parser.identifier('a key such as ir_version');
  parser.expect(':');
  switch (key) {
    case 'ir_version':
      model.irVersion = parser.int('a version');
      return;
    case 'model_version':
      model.modelVersion = parser.int('a version');
      return;
    case 'opset_import':
      model.opsetImport = parseOpsets(parser);
      return;
    case 'metadata_props':
      parser.expect('[');
      model.metadataProps = parseEntries(parser);
      return;
  }
  const field = stringKeys.get(key);
  if (!field) throw new SyntaxProblem(`a model has no key "${key}"`, start);
  model[field] = parser.string('a quoted string');
}

const stringKeys = new Map([
  ['producer_name', 'producerName'],
  ['producer_version', 'producerVersion'],
  ['domain', 'domain'],
  ['doc_string', 'docString'],
] as const) as ReadonlyMap<string, 'producerName' | 'producerVersion' | 'domain' | 'docString'>;

/** The graph, then functions until the text ends. */
function parseBody(parser: Parser, model: Model): void {
  const functionStarts = () => parser.lexer.startsLine && parser.is('<');
  parser.recovering(() => {
    model.graph = parseGraph(parser);
  }, functionStarts);
  while (parser.lexer.kind !== 'end') {
    const { start } = parser.lexer;
    parser.recovering(
      () => {
        model.functions.push(parseFunction(parser));
      },
      () => functionStarts() && parser.lexer.start > start,
    );
    if (parser.lexer.start === start) parser.lexer.advance();
  }
}

function reportElided(parser: Parser): void {
  const { elided } = parser;
  if (elided.length === 0) return;
  const tensors = elided.length === 1 ? 'a tensor' : `${elided.length} tensors`;
  parser.issue(
    'error',
    'text-elided',
    `the elements of ${tensors} were left out of this text, which was printed for reading; ` +
      'print the model in full or convert the original file',
    elided[0],
  );
}

function reportStray(parser: Parser): void {
  for (const offset of parser.lexer.stray) {
    parser.issue('warning', 'text-annotation', 'this annotation belongs to nothing', offset);
  }
}
