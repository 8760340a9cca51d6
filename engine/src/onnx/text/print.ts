/**
 * Prints models in the official ONNX text syntax (onnx/onnx, docs/Syntax.md), such that reading the
 * text with `parse.ts` gives the same model: names, types, weights, graphs, functions.
 *
 * What the syntax has no place for stands in structured comments that other parsers skip:
 * `#: {"docString":"…"}` adds fields to whatever starts behind it (`annotation.ts`). So travel doc
 * strings and metadata of nodes, values, tensors and graphs, sparse initializers, quantization
 * annotations, denotations, names that cannot be written where they stand, fields that are present
 * but empty, and malformed tensors. Not kept: the wire form of a file (field order, unknown fields,
 * which field holds a tensor's elements) and, unless asked for, the bytes of external files.
 *
 * Floats below 32 bits are printed as bit patterns and types below 8 bits as packed bytes, as the
 * reference implementation has them.
 */

import type { Model } from '../../ir/model';
import { quote } from './names';
import { parseHeader } from './parse';
import { annotationOf } from './print-annotation';
import { opsetsText, printFunction, printGraph } from './print-graph';
import { emptyMessage } from './fields';
import { Writer } from './writer';

export interface PrintOptions {
  /**
   * Leaves out the elements of tensors that have more elements than this, for a text to be read by
   * people: `["elided": "2304 elements"]` stands in their place, which the parser refuses. Weights
   * that are left out are not read from their file. Without it everything is printed.
   */
  readonly maxElements?: number;
  /**
   * Prints the elements of tensors in external files instead of the reference, where the reader
   * found them. For a text that is to stand on its own, or in another folder.
   */
  readonly inlineExternal?: boolean;
}

/** @throws CoppiceError `text-too-large` for a text that does not fit into a string (half a GB). */
export function printModel(model: Model, options: PrintOptions = {}): string {
  const { maxElements = Infinity, inlineExternal = false } = options;
  const writer = new Writer({ maxElements, inlineExternal });
  const header = headerText(model);
  const elsewhere = model.graph ? ['graph', 'functions'] : ['functions'];
  const annotation = annotationOf(
    'model',
    model,
    header,
    (parser) => {
      const said = emptyMessage('model') as unknown as Model;
      parseHeader(parser, said);
      return model.graph ? said : { ...said, graph: emptyMessage('graph') };
    },
    elsewhere,
  );
  writer.note(annotation);
  writer.write(header);
  writer.line();
  printGraph(writer, model.graph ?? noGraph());
  for (const made of model.functions) {
    writer.line();
    writer.line();
    printFunction(writer, made);
  }
  writer.write('\n');
  return writer.toString();
}

/** The syntax wants a graph; the annotation of a model without one takes it away again. */
function noGraph() {
  return emptyMessage('graph') as unknown as NonNullable<Model['graph']>;
}

function headerText(model: Model): string {
  const { irVersion, producerName, producerVersion, domain, modelVersion, docString } = model;
  const text = (key: string, value: string | undefined) =>
    value === undefined ? undefined : `${key}: ${quote(value)}`;
  const number = (key: string, value: Model['irVersion']) =>
    value === undefined ? undefined : `${key}: ${value}`;
  const metadata = model.metadataProps.map(
    ({ key, value }) => `${quote(key ?? '')}: ${quote(value ?? '')}`,
  );
  const keys = [
    number('ir_version', irVersion),
    `opset_import: ${opsetsText(model.opsetImport)}`,
    text('producer_name', producerName),
    text('producer_version', producerVersion),
    text('domain', domain),
    number('model_version', modelVersion),
    text('doc_string', docString),
    metadata.length > 0 ? `metadata_props: [${metadata.join(', ')}]` : undefined,
  ];
  return `<\n  ${keys.filter((key) => key !== undefined).join(',\n  ')}\n>`;
}
