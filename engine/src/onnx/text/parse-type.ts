/** Types: `float[N, 3]`, `seq(…)`, `map(…)`, `optional(…)`, `sparse_tensor(…)`, `opaque(…)`. */

import type { DimInfo, TensorType, TypeInfo } from '../../ir/model';
import { elementTypes, startsType } from './names';
import type { Parser } from './parser';

/** Whether the current token starts a type. */
export function atType(parser: Parser): boolean {
  return parser.lexer.kind === 'identifier' && startsType(parser.lexer.source);
}

export function parseType(parser: Parser): TypeInfo {
  return parser.nested(() => {
    if (!atType(parser)) parser.fail('a type such as float[N, 3]');
    const word = parser.lexer.source;
    if (elementTypes.has(word)) return { tensorType: parseTensorType(parser) };
    parser.lexer.advance();
    parser.expect('(');
    const type = parseArguments(parser, word);
    parser.expect(')');
    return type;
  });
}

/** An element type; the brackets that may follow: none for a scalar, empty for an unknown rank. */
export function parseTensorType(parser: Parser): TensorType {
  const elemType = parseElementType(parser);
  if (!parser.matches('[')) return { elemType, shape: { dim: [] } };
  if (parser.matches(']')) return { elemType };
  const dim: DimInfo[] = [];
  do dim.push(parseDim(parser));
  while (parser.matches(','));
  parser.expect(']');
  return { elemType, shape: { dim } };
}

function parseArguments(parser: Parser, word: string): TypeInfo {
  switch (word) {
    case 'seq':
      return { sequenceType: { elemType: parseType(parser) } };
    case 'optional':
      return { optionalType: { elemType: parseType(parser) } };
    case 'sparse_tensor':
      return { sparseTensorType: parseTensorType(parser) };
    case 'map': {
      const keyType = parseElementType(parser);
      parser.expect(',');
      return { mapType: { keyType, valueType: parseType(parser) } };
    }
    default:
      return parseOpaque(parser);
  }
}

/** `opaque()`, `opaque(name)` or `opaque(domain, name)`. */
function parseOpaque(parser: Parser): TypeInfo {
  if (parser.is(')')) return { opaqueType: {} };
  const first = parseQualified(parser, 'a name');
  if (!parser.matches(',')) return { opaqueType: { name: first } };
  return { opaqueType: { domain: first, name: parser.identifier('a name') } };
}

/** Identifiers joined by dots. */
export function parseQualified(parser: Parser, what: string): string {
  let text = parser.identifier(what);
  while (parser.matches('.')) text += `.${parser.identifier(what)}`;
  return text;
}

function parseElementType(parser: Parser): number {
  const code = parser.lexer.kind === 'identifier' && elementTypes.get(parser.lexer.source);
  if (!code) parser.fail('an element type such as float');
  parser.lexer.advance();
  return code;
}

function parseDim(parser: Parser): DimInfo {
  if (parser.matches('?')) return {};
  if (parser.atName) return { dimParam: parser.name('a dimension') };
  return { dimValue: parser.int('a dimension: a number, a name or "?"') };
}
