/**
 * Attributes: `name = value`, `name: type = value`, `name: type = @reference`. The literal tells the
 * type; where a type is given, a whole number may stand for a float and nothing else is converted.
 */

import { AttributeType, type Attribute } from '../../ir/model';
import { attributeTypes, attributeTypeWord, elementTypeOf, listTypeOf } from './attribute-types';
import { emptyMessage } from './fields';
import { isFloatWord } from './names';
import { parseGraph } from './parse-graph';
import { parseTensorData } from './parse-tensor';
import { atType, parseType } from './parse-type';
import { SyntaxProblem, type Parser } from './parser';

/** `<…>` when it is there. */
export function parseAttributes(parser: Parser): Attribute[] {
  const attributes: Attribute[] = [];
  if (!parser.matches('<')) return attributes;
  do attributes.push(parseAttribute(parser));
  while (parser.matches(','));
  parser.expect('>');
  return attributes;
}

export function parseAttribute(parser: Parser): Attribute {
  const annotations = parser.lexer.takeAnnotations();
  const attribute = parseAttributeAfter(parser, parser.identifier('the name of an attribute'));
  parser.annotate('attribute', attribute, annotations);
  return attribute;
}

/** What follows an attribute's name. */
export function parseAttributeAfter(parser: Parser, name: string): Attribute {
  const attribute = { ...emptyMessage('attribute'), name } as unknown as Attribute;
  if (parser.matches(':')) attribute.type = parseAttributeType(parser);
  parser.expect('=');
  if (parser.matches('@')) attribute.refAttrName = parser.name('the name of an attribute');
  else if (parser.matches('[')) parseList(parser, attribute);
  else {
    const { start } = parser.lexer;
    const value = parseValue(parser, attribute.type);
    if (attribute.type !== undefined && attribute.type !== value.type) mismatch(attribute, start);
    setValue(attribute, value);
  }
  return attribute;
}

/** One value: the attribute type of its literal, and what it holds. */
type Value =
  | { type: typeof AttributeType.int; value: Attribute['ints'][number] }
  | { type: typeof AttributeType.float; value: number }
  | { type: typeof AttributeType.string; value: Uint8Array }
  | { type: typeof AttributeType.tensor; value: Attribute['tensors'][number] }
  | { type: typeof AttributeType.graph; value: Attribute['graphs'][number] }
  | { type: typeof AttributeType.typeProto; value: Attribute['typeProtos'][number] };

function parseAttributeType(parser: Parser): number {
  const type = parser.lexer.kind === 'identifier' && attributeTypes.get(parser.lexer.source);
  if (!type) parser.fail('an attribute type such as ints');
  parser.lexer.advance();
  return type;
}

function parseValue(parser: Parser, wanted: number | undefined): Value {
  const { lexer } = parser;
  switch (lexer.kind) {
    case 'int':
      if (wanted === AttributeType.float) return parseFloatLiteral(parser);
      return { type: AttributeType.int, value: parser.int('a number') };
    case 'float':
      return parseFloatLiteral(parser);
    case 'string':
      return parseStringOrGraph(parser);
    case 'identifier':
      if (atType(parser)) return parseTensorOrType(parser);
      if (isFloatWord(lexer.source)) return parseFloatLiteral(parser);
      return { type: AttributeType.graph, value: parser.nested(() => parseGraph(parser)) };
    default:
      return parser.fail('the value of an attribute');
  }
}

const floatWords: Record<string, number> = {
  inf: Infinity,
  '-inf': -Infinity,
  nan: NaN,
  '-nan': NaN,
};

/** Rounded to float32, which is what the file holds. */
function parseFloatLiteral(parser: Parser): Value {
  const { source, start } = parser.lexer;
  const word = /^-?(?:inf|nan)/i.exec(source)?.[0].toLowerCase();
  const value = word === undefined ? Number(source) : floatWords[word];
  if (Number.isNaN(value) && word === undefined) {
    throw new SyntaxProblem(`"${source}" is no number`, start);
  }
  parser.lexer.advance();
  return { type: AttributeType.float, value: Math.fround(value) };
}

/** The official syntax has bare names for graphs here; a quoted one is understood as well. */
function parseStringOrGraph(parser: Parser): Value {
  const annotations = parser.lexer.takeAnnotations();
  const text = parser.string('a string');
  if (!parser.is('(')) return { type: AttributeType.string, value: new TextEncoder().encode(text) };
  const value = parser.nested(() => parseGraph(parser, text));
  parser.annotate('graph', value, annotations);
  return { type: AttributeType.graph, value };
}

/** A type alone is a type; with a name, `=` or data after it, it starts a tensor. */
function parseTensorOrType(parser: Parser): Value {
  const { start } = parser.lexer;
  const annotations = parser.lexer.takeAnnotations();
  const type = parseType(parser);
  if (!parser.atName && !parser.is('=') && !parser.is('{')) {
    return { type: AttributeType.typeProto, value: type };
  }
  const name = parser.atName ? parser.name('the name of a tensor') : undefined;
  parser.matches('=');
  const value = parseTensorData(parser, name, type, start);
  parser.annotate('tensor', value, annotations);
  return { type: AttributeType.tensor, value };
}

function parseList(parser: Parser, attribute: Attribute): void {
  const { start } = parser.lexer;
  const wanted = attribute.type;
  const element = elementTypeOf(wanted);
  if (wanted !== undefined && element === undefined) mismatch(attribute, start);
  const values: Value[] = [];
  while (!parser.is(']')) {
    const at = parser.lexer.start;
    const value = parseValue(parser, element);
    if (value.type !== (element ?? values[0]?.type ?? value.type)) mismatch(attribute, at);
    values.push(value);
    if (!parser.matches(',')) break;
  }
  parser.expect(']');
  if (wanted === undefined && values.length === 0) {
    throw new SyntaxProblem(
      `an empty list needs a type, as in "${attribute.name}: ints = []"`,
      start,
    );
  }
  setValues(attribute, wanted ?? listTypeOf(values[0].type)!, values);
}

function mismatch(attribute: Attribute, offset: number): never {
  const type = attributeTypeWord(attribute.type);
  const wanted = type
    ? `attribute "${attribute.name}" is of type ${type}, but this`
    : 'this element';
  throw new SyntaxProblem(`${wanted} has another type`, offset);
}

function setValue(attribute: Attribute, { type, value }: Value): void {
  attribute.type = type;
  if (type === AttributeType.int) attribute.i = value;
  else if (type === AttributeType.float) attribute.f = value;
  else if (type === AttributeType.string) attribute.s = value;
  else if (type === AttributeType.tensor) attribute.t = value;
  else if (type === AttributeType.graph) attribute.g = value;
  else attribute.tp = value;
}

function setValues(attribute: Attribute, type: number, values: readonly Value[]): void {
  const list = values.map((each) => each.value) as never[];
  attribute.type = type;
  if (type === AttributeType.ints) attribute.ints = list;
  else if (type === AttributeType.floats) attribute.floats = Float32Array.from(list);
  else if (type === AttributeType.strings) attribute.strings = list;
  else if (type === AttributeType.tensors) attribute.tensors = list;
  else if (type === AttributeType.graphs) attribute.graphs = list;
  else attribute.typeProtos = list;
}
