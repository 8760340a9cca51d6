/** Attributes as text. The type is written only where the value does not tell it. */

import { AttributeType, type Attribute, type Graph, type Tensor } from '../../ir/model';
import { attributeTypeWord } from './attribute-types';
import { bare, quotable, quote } from './names';
import { parseAttribute } from './parse-attribute';
import { annotationOf } from './print-annotation';
import { printTensorValue, utf8Text } from './print-tensor';
import { typeText } from './print-type';
import { asFloatLiteral, floatText } from './shortest';
import type { Writer } from './writer';

/** Prints a graph as a value; handed in by `print-graph.ts`, which prints attributes itself. */
export type PrintGraph = (writer: Writer, graph: Graph) => void;

/** `<…>` with a space before it; nothing for no attributes. Graphs take lines of their own. */
export function printAttributes(
  writer: Writer,
  attributes: readonly Attribute[],
  printGraph: PrintGraph,
): void {
  if (attributes.length === 0) return;
  writer.write(' <');
  writer.indented(() => {
    if (holdGraphs(attributes)) {
      writer.lines(attributes, (attribute) => printAttribute(writer, attribute, printGraph));
      return;
    }
    attributes.forEach((attribute, i) => {
      if (i > 0) writer.write(', ');
      printAttribute(writer, attribute, printGraph);
    });
  });
  writer.write('>');
}

export function holdGraphs(attributes: readonly Attribute[]): boolean {
  return attributes.some((each) => each.g !== undefined || each.graphs.length > 0);
}

export function printAttribute(writer: Writer, attribute: Attribute, printGraph: PrintGraph): void {
  const value = valueOf(attribute);
  const head = headText(attribute, value);
  const sample = head + (value.text ?? value.sample);
  const elsewhere = value.field ? [value.field] : [];
  writer.note(annotationOf('attribute', attribute, sample, parseAttribute, elsewhere));
  writer.write(head);
  if (value.text !== undefined) writer.write(value.text);
  else value.print(writer, printGraph);
}

/** A value as text, or one that holds tensors or graphs, which are printed on their own. */
type Value =
  | { text: string; typed?: boolean; field?: undefined }
  | {
      text?: undefined;
      typed?: boolean;
      field: keyof Attribute;
      /** The shortest text of the same form, for finding out what the form leaves unsaid. */
      sample: string;
      print: (writer: Writer, printGraph: PrintGraph) => void;
    };

/** What stands where the syntax has nothing: a string that the annotation replaces. */
const standIn: Value = { text: '""' };

const sampleTensor = 'float {}';
const sampleGraph = 'g () => () {}';

function headText({ name, type }: Attribute, { typed }: Value): string {
  const word = typed ? attributeTypeWord(type) : undefined;
  return word ? `${bare(name, 'attribute')}: ${word} = ` : `${bare(name, 'attribute')} = `;
}

function valueOf(attribute: Attribute): Value {
  const { refAttrName, type, f, i, s, t, g, tp } = attribute;
  if (refAttrName !== undefined) return { text: `@${quotable(refAttrName)}`, typed: true };
  switch (type ?? typeFromValue(attribute)) {
    case AttributeType.float:
      return f === undefined ? standIn : { text: floatLiteral(f) };
    case AttributeType.int:
      return i === undefined ? standIn : { text: String(i) };
    case AttributeType.string:
      return { text: stringLiteral(s) ?? '""' };
    case AttributeType.tensor:
      return t ? tensorValue(t) : standIn;
    case AttributeType.graph:
      return g ? graphValue(g) : standIn;
    case AttributeType.typeProto: {
      const text = typeText(tp);
      return text === undefined ? standIn : { text, typed: true };
    }
    default:
      return listOf(attribute);
  }
}

function listOf(attribute: Attribute): Value {
  const { floats, ints, strings, tensors, graphs, typeProtos } = attribute;
  switch (attribute.type ?? typeFromValue(attribute)) {
    case AttributeType.floats:
      return list(Array.from(floats, floatLiteral));
    case AttributeType.ints:
      return list(ints.map(String));
    case AttributeType.strings:
      return list(strings.map(stringLiteral));
    case AttributeType.typeProtos:
      return list(typeProtos.map(typeText), true);
    case AttributeType.tensors:
      return nestedList('tensors', tensors, sampleTensor, (writer, tensor) =>
        printTensorValue(writer, tensor),
      );
    case AttributeType.graphs:
      return nestedList('graphs', graphs, sampleGraph, (writer, graph, printGraph) =>
        printGraph(writer, graph),
      );
    default:
      return standIn;
  }
}

/** Files of the first IR versions leave the type out; the field that is set tells it. */
function typeFromValue(attribute: Attribute): number | undefined {
  const { f, i, s, t, g, tp, floats, ints, strings } = attribute;
  if (f !== undefined) return AttributeType.float;
  if (i !== undefined) return AttributeType.int;
  if (s !== undefined) return AttributeType.string;
  if (t !== undefined) return AttributeType.tensor;
  if (g !== undefined) return AttributeType.graph;
  if (tp !== undefined) return AttributeType.typeProto;
  if (floats.length > 0) return AttributeType.floats;
  if (ints.length > 0) return AttributeType.ints;
  return strings.length > 0 ? AttributeType.strings : undefined;
}

function tensorValue(tensor: Tensor): Value {
  return { field: 't', sample: sampleTensor, print: (writer) => printTensorValue(writer, tensor) };
}

function graphValue(graph: Graph): Value {
  return { field: 'g', sample: sampleGraph, print: (writer, print) => print(writer, graph) };
}

/** A list of texts; one that cannot be written makes the whole list the annotation's. */
function list(texts: readonly (string | undefined)[], typed = false): Value {
  if (texts.length === 0) return { text: '[]', typed: true };
  return texts.includes(undefined) ? standIn : { text: `[${texts.join(', ')}]`, typed };
}

function nestedList<T>(
  field: 'tensors' | 'graphs',
  items: readonly T[],
  sample: string,
  print: (writer: Writer, item: T, printGraph: PrintGraph) => void,
): Value {
  if (items.length === 0) return { text: '[]', typed: true };
  return {
    field,
    typed: true,
    sample: `[${sample}]`,
    print: (writer, printGraph) => {
      writer.write('[');
      writer.indented(() => writer.lines(items, (item) => print(writer, item, printGraph)));
      writer.line();
      writer.write(']');
    },
  };
}

function floatLiteral(value: number): string {
  return asFloatLiteral(floatText(Math.fround(value)));
}

function stringLiteral(bytes: Uint8Array | undefined): string | undefined {
  const text = bytes && utf8Text(bytes);
  return text === undefined ? undefined : quote(text);
}
