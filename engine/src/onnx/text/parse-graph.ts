/** Graphs and functions: their heads, their values and initializers, and their lists of nodes. */

import type { FunctionDefinition, Graph, Node, OpsetImport, ValueInfo } from '../../ir/model';
import { emptyMessage } from './fields';
import { parseAttributeAfter } from './parse-attribute';
import { parseNode } from './parse-node';
import { parseTensorData } from './parse-tensor';
import { atType, parseType } from './parse-type';
import { SyntaxProblem, type Parser } from './parser';

/** A graph; `name` is given when the caller has read it already. */
export function parseGraph(parser: Parser, name?: string): Graph {
  const graph = emptyMessage('graph') as unknown as Graph;
  const annotations = parser.lexer.takeAnnotations();
  graph.name = name ?? parser.name('the name of a graph');
  if (parser.matches('(')) parser.items(')', () => parseInput(parser, graph));
  parser.expect('=>');
  parser.expect('(');
  parser.items(')', () => graph.output.push(parseValueInfo(parser)));
  if (parser.matches('<')) parser.items('>', () => parseValueOrInitializer(parser, graph));
  graph.node = parseNodes(parser);
  parser.annotate('graph', graph, annotations);
  return graph;
}

/** A type, where there is one, and a name. */
export function parseValueInfo(parser: Parser): ValueInfo {
  const annotations = parser.lexer.takeAnnotations();
  const info = emptyMessage('valueInfo') as unknown as ValueInfo;
  if (atType(parser)) info.type = parseType(parser);
  info.name = parser.name('the name of a value');
  parser.annotate('valueInfo', info, annotations);
  return info;
}

/** `domain`, `opset_import` … as they stand before a function's name, then the function. */
export function parseFunction(parser: Parser): FunctionDefinition {
  const made = emptyMessage('function') as unknown as FunctionDefinition;
  const annotations = parser.lexer.takeAnnotations();
  if (parser.matches('<')) parser.items('>', () => parseFunctionKey(parser, made));
  made.name = parser.name('the name of a function');
  if (parser.matches('<')) parser.items('>', () => parseFunctionAttribute(parser, made));
  parser.expect('(');
  parser.items(')', () => made.input.push(parseFunctionValue(parser, made)));
  parser.expect('=>');
  parser.expect('(');
  parser.items(')', () => made.output.push(parseFunctionValue(parser, made)));
  if (parser.matches('<')) parser.items('>', () => made.valueInfo.push(parseValueInfo(parser)));
  made.node = parseNodes(parser);
  parser.annotate('function', made, annotations);
  return made;
}

/** `["" : 17, "ai.onnx.ml" : 3]` */
export function parseOpsets(parser: Parser): OpsetImport[] {
  const imports: OpsetImport[] = [];
  parser.expect('[');
  parser.items(']', () => {
    const domain = parser.string('a quoted domain');
    parser.expect(':');
    imports.push({ domain, version: parser.int('a version') });
  });
  return imports;
}

/** A graph input may carry its default value, which makes it an initializer as well. */
function parseInput(parser: Parser, graph: Graph): void {
  const { start } = parser.lexer;
  const info = parseValueInfo(parser);
  graph.input.push(info);
  parser.define(info.name ?? '', start, parser.lexer.previousEnd);
  if (!parser.matches('=')) return;
  graph.initializer.push(parseTensorData(parser, info.name, info.type ?? {}, start));
}

/** With `=` an initializer, without it the type of an intermediate value. */
function parseValueOrInitializer(parser: Parser, graph: Graph): void {
  const { start } = parser.lexer;
  const annotations = parser.lexer.takeAnnotations();
  const info = parseValueInfo(parser);
  const end = parser.lexer.previousEnd;
  if (!parser.matches('=')) {
    parser.annotate('valueInfo', info, annotations);
    graph.valueInfo.push(info);
    return;
  }
  const tensor = parseTensorData(parser, info.name, info.type ?? {}, start);
  parser.annotate('tensor', tensor, annotations);
  parser.define(tensor.name ?? '', start, end);
  graph.initializer.push(tensor);
}

/** Nodes between braces. After a broken node, reading goes on where a line starts like a node. */
function parseNodes(parser: Parser): Node[] {
  const nodes: Node[] = [];
  parser.expect('{');
  while (!parser.matches('}')) {
    const { start } = parser.lexer;
    const ended = () => parser.is('}') || (startsNode(parser) && parser.lexer.start > start);
    const whole = parser.recovering(() => {
      nodes.push(parseNode(parser));
    }, ended);
    // A bracket that closes nothing must not hold up what follows it.
    while (!whole && !ended() && parser.lexer.kind !== 'end') parser.lexer.advance();
    if (parser.lexer.kind === 'end') parser.fail('"}"');
  }
  return nodes;
}

function startsNode(parser: Parser): boolean {
  return parser.lexer.startsLine && (parser.atName || parser.is('[') || parser.is('='));
}

function parseFunctionKey(parser: Parser, made: FunctionDefinition): void {
  const { start } = parser.lexer;
  const key = parser.identifier('a key such as domain');
  parser.expect(':');
  if (key === 'opset_import') made.opsetImport = parseOpsets(parser);
  else if (key === 'domain') made.domain = parser.string('a quoted domain');
  else if (key === 'overload') made.overload = parser.string('a quoted string');
  else if (key === 'doc_string') made.docString = parser.string('a quoted string');
  else throw new SyntaxProblem(`a function has no key "${key}"`, start);
}

/** The name of an attribute that a call must give, or an attribute with its default value. */
function parseFunctionAttribute(parser: Parser, made: FunctionDefinition): void {
  const annotations = parser.lexer.takeAnnotations();
  const name = parser.name('the name of an attribute');
  if (!parser.is(':') && !parser.is('=')) {
    made.attribute.push(name);
    return;
  }
  const attribute = parseAttributeAfter(parser, name);
  parser.annotate('attribute', attribute, annotations);
  made.attributeProto.push(attribute);
}

/** A name; a type before it goes to the function's value infos. */
function parseFunctionValue(parser: Parser, made: FunctionDefinition): string {
  if (!atType(parser)) return parser.name('the name of a value');
  const info = parseValueInfo(parser);
  made.valueInfo.push(info);
  return info.name ?? '';
}
