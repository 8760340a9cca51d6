/**
 * Tensors as text: type, name, and the elements in full, as a reference to an external file, or
 * elided. A tensor whose stored bytes do not fit its type and dimensions prints as `{}` with an
 * annotation that holds them.
 */

import { dataTypeOf, type DataType } from '../../ir/data-type';
import type { Tensor } from '../../ir/model';
import { elementCount } from '../../ir/tensor';
import { difference, type Json } from './annotation';
import { isIdentifier, quotable, quote } from './names';
import { elidedKey, parseTensorData } from './parse-tensor';
import { parseType } from './parse-type';
import { Parser } from './parser';
import { annotationText } from './print-annotation';
import { elementTypeText } from './print-type';
import { doubleText, floatText } from './shortest';
import { payloadsOf, storedBytes } from './stored-bytes';
import type { Writer } from './writer';

/** Elements on one line. */
const perLine = 12;

/** `float[2] w = {1, 2}` */
export function printInitializer(writer: Writer, given: Tensor): void {
  const tensor = placed(writer, given);
  const data = dataOf(writer, tensor);
  const head = `${headText(tensor)} ${quotable(tensor.name)} = `;
  printTensor(writer, tensor, data, head, tensor.name ?? '');
}

/** The same as the value of an attribute, where a name is optional and cannot be quoted. */
export function printTensorValue(writer: Writer, given: Tensor): void {
  const tensor = placed(writer, given);
  const data = dataOf(writer, tensor);
  const name = isIdentifier(tensor.name) ? tensor.name : undefined;
  const head = [headText(tensor), name, data.reference && '='].filter(Boolean).join(' ');
  printTensor(writer, tensor, data, `${head} `, name);
}

/** The tensor as it is to be printed: with the bytes of its external file as its own, if wanted. */
function placed(writer: Writer, tensor: Tensor): Tensor {
  if (!writer.tensors.inlineExternal || !tensor.external) return tensor;
  return { ...tensor, rawData: tensor.external, externalData: [], dataLocation: undefined };
}

function printTensor(
  writer: Writer,
  tensor: Tensor,
  data: Data,
  head: string,
  name: string | undefined,
): void {
  const patch = unsaid(tensor, name, data);
  if (patch) writer.note(annotationText(patch));
  writer.write(head);
  data.print();
}

interface Data {
  readonly print: () => void;
  /** The storage fields that the reader will not find the same and need not. */
  readonly said: readonly (keyof Tensor)[];
  /** The text that stands for elements which lie elsewhere or are left out. */
  readonly reference?: string;
}

const storage = [
  'rawData',
  'floatData',
  'int32Data',
  'int64Data',
  'doubleData',
  'uint64Data',
  'stringData',
] as const satisfies (keyof Tensor)[];

function dataOf(writer: Writer, tensor: Tensor): Data {
  if (tensor.dataLocation === 1 && tensor.externalData.length > 0) {
    const entries = tensor.externalData.map(
      ({ key, value }) => `${quote(key ?? '')}: ${quote(value ?? '')}`,
    );
    return referenceTo(writer, `[${entries.join(', ')}]`, []);
  }
  const count = elementCount(tensor);
  if (count > writer.tensors.maxElements) {
    return referenceTo(writer, `[${quote(elidedKey)}: ${quote(`${count} elements`)}]`, storage);
  }
  const type = dataTypeOf(tensor.dataType);
  if (type?.encoding === 'string') return stringsOf(writer, tensor, count);
  const bytes = tensor.stringData.length > 0 ? undefined : storedBytes(tensor);
  if (!type || !bytes || hasUnusualNaN(type, bytes)) return nothing(writer);
  return { print: () => printNumbers(writer, type, bytes), said: storage };
}

function stringsOf(writer: Writer, tensor: Tensor, count: number): Data {
  const texts = tensor.stringData.map(utf8Text);
  const regular = texts.length === count && payloadsOf(tensor).length === 0;
  if (!regular || texts.includes(undefined)) return nothing(writer);
  return { print: () => printRows(writer, count, (i) => quote(texts[i]!)), said: storage };
}

function referenceTo(writer: Writer, reference: string, said: readonly (keyof Tensor)[]): Data {
  return { print: () => writer.write(reference), said, reference };
}

function nothing(writer: Writer): Data {
  return { print: () => writer.write('{}'), said: [] };
}

/** The text of UTF-8 bytes, `undefined` when they are none. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What the reader will not get from the text. */
function unsaid(
  tensor: Tensor,
  name: string | undefined,
  { said, reference }: Data,
): { [key: string]: Json } | undefined {
  const parser = new Parser(`${headText(tensor)} = ${reference ?? '{}'}`);
  const type = parseType(parser);
  parser.expect('=');
  const expressed = parseTensorData(parser, name, type, 0);
  const empty = (field: (typeof storage)[number]) =>
    field !== 'stringData' && tensor[field]?.byteLength === 0;
  return difference('tensor', tensor, expressed, [...said, ...storage.filter(empty)]);
}

function headText({ dataType, dims }: Tensor): string {
  const element = elementTypeText(dataType);
  return dims.length === 0 ? element : `${element}[${dims.join(', ')}]`;
}

function printNumbers(writer: Writer, type: DataType, bytes: Uint8Array): void {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  const words = <T>(array: new (b: ArrayBufferLike, o: number, n: number) => T, size: number) =>
    new array(buffer, byteOffset, byteLength / size);
  if (type.name === 'float' || type.name === 'complex64') {
    const values = words(Float32Array, 4);
    const bits = words(Uint32Array, 4);
    return printRows(writer, values.length, (i) => signed(floatText(values[i]), bits[i]));
  }
  if (type.name === 'double' || type.name === 'complex128') {
    const values = words(Float64Array, 8);
    const bits = words(Uint32Array, 4);
    return printRows(writer, values.length, (i) => signed(doubleText(values[i]), bits[2 * i + 1]));
  }
  const unsigned = type.encoding !== 'signed' || type.bits < 8;
  const values = integers(type.bits, unsigned, words);
  printRows(writer, values.length, (i) => String(values[i]));
}

function integers(
  bits: number,
  unsigned: boolean,
  words: <T>(array: new (b: ArrayBufferLike, o: number, n: number) => T, size: number) => T,
): ArrayLike<number | bigint> {
  switch (bits) {
    case 64:
      return unsigned ? words(BigUint64Array, 8) : words(BigInt64Array, 8);
    case 32:
      return unsigned ? words(Uint32Array, 4) : words(Int32Array, 4);
    case 16:
      return unsigned ? words(Uint16Array, 2) : words(Int16Array, 2);
    default:
      return unsigned ? words(Uint8Array, 1) : words(Int8Array, 1);
  }
}

/** NaN with bits beyond its sign that the word `nan` would not bring back. */
function hasUnusualNaN(type: DataType, bytes: Uint8Array): boolean {
  if (type.encoding !== 'float' && type.encoding !== 'complex') return false;
  const single = type.name === 'float' || type.name === 'complex64';
  const quiet = single ? 0x7fc00000 : 0x7ff80000;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at += single ? 4 : 8) {
    const high = words.getUint32(single ? at : at + 4, true) & 0x7fffffff;
    const low = single ? 0 : words.getUint32(at, true);
    const infinite = single ? 0x7f800000 : 0x7ff00000;
    const isNaN = high > infinite || (high === infinite && low !== 0);
    if (isNaN && (high !== quiet || low !== 0)) return true;
  }
  return false;
}

/** NaN has a sign, which only its bits show. */
function signed(text: string, highBits: number): string {
  return text === 'nan' && highBits >>> 31 ? '-nan' : text;
}

function printRows(writer: Writer, count: number, text: (i: number) => string): void {
  writer.write('{');
  writer.indented(() => {
    for (let start = 0; start < count; start += perLine) {
      if (count > perLine) writer.line();
      let row = text(start);
      const end = Math.min(start + perLine, count);
      for (let i = start + 1; i < end; i++) row += `, ${text(i)}`;
      writer.write(end < count ? `${row},` : row);
    }
  });
  if (count > perLine) writer.line();
  writer.write('}');
}
