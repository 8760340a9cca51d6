/** Graphs, functions and nodes as text. */

import type { FunctionDefinition, Graph, Node, OpsetImport, ValueInfo } from '../../ir/model';
import { bare, isIdentifier, isQualified, quotable, quote } from './names';
import { parseFunction, parseGraph } from './parse-graph';
import { parseNode } from './parse-node';
import { annotationOf } from './print-annotation';
import { holdGraphs, printAttribute, printAttributes } from './print-attribute';
import { printInitializer } from './print-tensor';
import { printValueInfo } from './print-type';
import type { Writer } from './writer';

/** A graph where its name may be quoted: as the model's own. */
export function printGraph(writer: Writer, graph: Graph): void {
  printNamedGraph(writer, graph, quotable(graph.name));
}

export function printFunction(writer: Writer, made: FunctionDefinition): void {
  const head = functionHead(made);
  const names = made.attribute.map((name) => quotable(name)).join(', ');
  const signature = `${namesText(made.input)} => ${namesText(made.output)}`;
  const text = `${head}${quotable(made.name)}${names && ` <${names}>`} ${signature} {}`;
  const elsewhere = ['attributeProto', 'valueInfo', 'node'];
  const annotation = annotationOf('function', made, text, parseFunction, elsewhere);
  writer.note(annotation);
  writer.write(`${head}${quotable(made.name)}`);
  printFunctionAttributes(writer, made);
  writer.write(` ${signature}`);
  if (made.valueInfo.length > 0) {
    printBlock(writer, () => writer.lines(made.valueInfo, (info) => printValueInfo(writer, info)));
  } else writer.write(' ');
  printNodes(writer, made.node);
}

/** `["" : 17]` */
export function opsetsText(imports: readonly OpsetImport[]): string {
  return `[${imports.map((each) => `${quote(each.domain ?? '')} : ${each.version ?? 0}`).join(', ')}]`;
}

/** A graph in an attribute, where the syntax takes an identifier only. */
function printInnerGraph(writer: Writer, graph: Graph): void {
  printNamedGraph(writer, graph, bare(graph.name, 'graph'));
}

const printedApart = ['node', 'initializer', 'input', 'output', 'valueInfo'];

function printNamedGraph(writer: Writer, graph: Graph, name: string): void {
  const sample = `${name} () => () {}`;
  const annotation = annotationOf(
    'graph',
    graph,
    sample,
    (parser) => parseGraph(parser),
    printedApart,
  );
  writer.note(annotation);
  writer.write(`${name} `);
  printValues(writer, graph.input);
  writer.write(' => ');
  printValues(writer, graph.output);
  const values = [
    ...graph.initializer.map((tensor) => () => printInitializer(writer, tensor)),
    ...graph.valueInfo.map((info) => () => printValueInfo(writer, info)),
  ];
  if (values.length > 0) printBlock(writer, () => writer.lines(values, (print) => print()));
  else writer.write(' ');
  printNodes(writer, graph.node);
}

/** `<`, indented lines, `>`, each bracket on a line of its own. */
function printBlock(writer: Writer, print: () => void): void {
  writer.line();
  writer.write('<');
  writer.indented(print);
  writer.line();
  writer.write('>');
  writer.line();
}

function printValues(writer: Writer, values: readonly ValueInfo[]): void {
  writer.write('(');
  values.forEach((info, i) => {
    if (i > 0) writer.write(', ');
    printValueInfo(writer, info);
  });
  writer.write(')');
}

function printNodes(writer: Writer, nodes: readonly Node[]): void {
  writer.write('{');
  writer.indented(() => {
    for (const node of nodes) {
      writer.line();
      printNode(writer, node);
    }
  });
  writer.line();
  writer.write('}');
}

/** Attributes that hold graphs stand behind the inputs, so that these are not lost below them. */
function printNode(writer: Writer, node: Node): void {
  const head = nodeHead(node);
  const inputs = ` ${namesText(node.input)}`;
  const annotation = annotationOf('node', node, head + inputs, parseNode, ['attribute']);
  writer.note(annotation);
  const holdsGraphs = holdGraphs(node.attribute);
  writer.write(holdsGraphs ? head + inputs : head);
  printAttributes(writer, node.attribute, printInnerGraph);
  if (!holdsGraphs) writer.write(inputs);
}

function nodeHead({ name, output, domain, opType, overload }: Node): string {
  const label = name === undefined ? '' : `[${quotable(name)}] `;
  const outputs = output.map((each) => quotable(each)).join(', ');
  const prefix = isQualified(domain) ? `${domain}.` : '';
  const suffix = isIdentifier(overload) ? `:${overload}` : '';
  return `${label}${outputs}${outputs && ' '}= ${prefix}${bare(opType, 'Op')}${suffix}`;
}

function namesText(names: readonly string[]): string {
  return `(${names.map((name) => quotable(name)).join(', ')})`;
}

function functionHead({ domain, overload, docString, opsetImport }: FunctionDefinition): string {
  const keys = [
    domain === undefined ? undefined : `domain: ${quote(domain)}`,
    overload === undefined ? undefined : `overload: ${quote(overload)}`,
    docString === undefined ? undefined : `doc_string: ${quote(docString)}`,
    `opset_import: ${opsetsText(opsetImport)}`,
  ];
  return `<\n  ${keys.filter((key) => key !== undefined).join(',\n  ')}\n>\n`;
}

function printFunctionAttributes(
  writer: Writer,
  { attribute, attributeProto }: FunctionDefinition,
) {
  if (attribute.length + attributeProto.length === 0) return;
  writer.write(` <${attribute.map((name) => quotable(name)).join(', ')}`);
  attributeProto.forEach((each, i) => {
    if (attribute.length + i > 0) writer.write(', ');
    writer.indented(() => printAttribute(writer, each, printInnerGraph));
  });
  writer.write('>');
}
