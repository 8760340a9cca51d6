/** The elements of tensors: `{1, 2, 3}` in the text, `["location": …]` beside it. */

import { dataTypeOf, type DataType } from '../../ir/data-type';
import type { Int, StringEntry, Tensor, TypeInfo } from '../../ir/model';
import { payload } from '../../ir/tensor';
import { parseNumbers, type NumberArray } from './parse-numbers';
import { SyntaxProblem, type Parser } from './parser';

/** The key that stands in place of elements which were left out for reading. */
export const elidedKey = 'elided';

/**
 * What follows a tensor's type and name. `start` is where the type stood, for messages.
 * Nothing at all, and `{}`, give a tensor without elements.
 */
export function parseTensorData(
  parser: Parser,
  name: string | undefined,
  type: TypeInfo,
  start: number,
): Tensor {
  const tensor = tensorOfType(name, type, start);
  if (parser.is('{')) parseElements(parser, tensor, start);
  else if (parser.matches('[')) parseExternal(parser, tensor, start);
  return tensor;
}

/** `"key": "value"` pairs up to the closing bracket. */
export function parseEntries(parser: Parser): StringEntry[] {
  const entries: StringEntry[] = [];
  parser.items(']', () => {
    const key = parser.string('a quoted key');
    parser.expect(':');
    entries.push({ key, value: parser.string('a quoted value') });
  });
  return entries;
}

function tensorOfType(name: string | undefined, type: TypeInfo, start: number): Tensor {
  const { elemType, shape } = type.tensorType ?? {};
  if (!type.tensorType) throw new SyntaxProblem('only a tensor can have elements', start);
  if (!shape) throw new SyntaxProblem('a tensor with elements needs its dimensions', start);
  const dims = shape.dim.map((dim): Int => {
    if (dim.dimValue !== undefined) return dim.dimValue;
    throw new SyntaxProblem('a tensor with elements needs numbers as dimensions', start);
  });
  return {
    ...(name !== undefined && { name }),
    dims,
    dataType: elemType,
    stringData: [],
    externalData: [],
    metadataProps: [],
  };
}

function parseExternal(parser: Parser, tensor: Tensor, start: number): void {
  const entries = parseEntries(parser);
  if (entries.some((entry) => entry.key === elidedKey)) {
    parser.elided.push(start);
    return;
  }
  tensor.dataLocation = 1;
  tensor.externalData = entries;
}

function parseElements(parser: Parser, tensor: Tensor, start: number): void {
  const type = dataTypeOf(tensor.dataType)!;
  const count = tensor.dims.reduce<number>((product, dim) => product * Number(dim), 1);
  if (type.encoding === 'string') {
    parser.expect('{');
    const encoder = new TextEncoder();
    while (!parser.is('}')) {
      tensor.stringData.push(encoder.encode(parser.string('a quoted string')));
      if (!parser.matches(',')) break;
    }
    parser.expect('}');
    checkCount(parser, tensor.stringData.length, count, start);
    return;
  }
  const numbers = parseNumbers(parser, type, type.encoding === 'complex' ? 2 * count : count);
  if (numbers.length === 0) return;
  tensor.rawData = payload(packed(parser, numbers, type, count, start));
}

/** Stored bytes. Types below 8 bits may be given element by element or, as ONNX has them, packed. */
function packed(
  parser: Parser,
  numbers: NumberArray,
  type: DataType,
  count: number,
  start: number,
): Uint8Array {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const perByte = type.bits < 8 ? 8 / type.bits : 1;
  if (perByte > 1 && numbers.length === count && (count > 1 || numbers[0] < 0)) {
    return pack(numbers as Int16Array, type.bits);
  }
  const perElement = type.encoding === 'complex' ? 2 : 1;
  checkCount(parser, numbers.length, Math.ceil(count / perByte) * perElement, start);
  return perByte > 1 ? Uint8Array.from(numbers as Int16Array) : bytes;
}

function pack(numbers: Int16Array, bits: number): Uint8Array {
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const bytes = new Uint8Array(Math.ceil(numbers.length / perByte));
  numbers.forEach((value, i) => {
    bytes[Math.floor(i / perByte)] |= (value & mask) << ((i % perByte) * bits);
  });
  return bytes;
}

/** No elements at all is how a tensor without data is written. */
function checkCount(parser: Parser, found: number, wanted: number, start: number): void {
  if (found === wanted || found === 0) return;
  const text = `this tensor needs ${wanted} elements but ${found} are given`;
  parser.issue('error', 'text-tensor-count', text, start);
}
