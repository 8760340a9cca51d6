/** Nodes: `[label] outputs = domain.Op:overload <attributes> (inputs)`. */

import type { Node } from '../../ir/model';
import { emptyMessage } from './fields';
import { parseAttributes } from './parse-attribute';
import { parseQualified } from './parse-type';
import type { Parser } from './parser';

export function parseNode(parser: Parser): Node {
  const { start } = parser.lexer;
  const annotations = parser.lexer.takeAnnotations();
  const node = emptyMessage('node') as unknown as Node;
  if (parser.matches('[')) {
    node.name = parser.atName ? parser.name('a label') : '';
    parser.expect(']');
  }
  node.output = parseNames(parser, true);
  parser.expect('=');
  parseOperator(parser, node);
  node.attribute = parseAttributes(parser);
  parser.expect('(');
  node.input = parseNames(parser, false);
  parser.expect(')');
  if (node.attribute.length === 0) node.attribute = parseAttributes(parser);
  parser.annotate('node', node, annotations);
  parser.positions.nodes.push({ node, start, end: parser.lexer.previousEnd });
  return node;
}

/** `Op`, `domain.of.it.Op`, either with `:overload`. */
function parseOperator(parser: Parser, node: Node): void {
  const name = parseQualified(parser, 'an operator');
  const dot = name.lastIndexOf('.');
  if (dot >= 0) node.domain = name.slice(0, dot);
  node.opType = name.slice(dot + 1);
  if (parser.matches(':')) node.overload = parser.identifier('the name of an overload');
}

/**
 * Names with commas between them. `""`, or nothing before a comma, is an omitted value; a comma at
 * the end counts for nothing.
 */
function parseNames(parser: Parser, defining: boolean): string[] {
  const names: string[] = [];
  while (parser.atName || parser.is(',')) {
    const { start, end } = parser.lexer;
    const name = parser.atName ? parser.name('a name') : '';
    if (defining) parser.define(name, start, end);
    names.push(name);
    if (!parser.matches(',')) break;
  }
  return names;
}
