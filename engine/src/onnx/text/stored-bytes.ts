/** The elements of a tensor as the bytes that `raw_data` would hold, whatever field they are in. */

import { byteSize, dataTypeOf, type DataType } from '../../ir/data-type';
import { elementCount } from '../../ir/tensor';
import type { Tensor } from '../../ir/model';

const payloadFields = [
  'rawData',
  'floatData',
  'int32Data',
  'int64Data',
  'doubleData',
  'uint64Data',
] as const;

/** Every payload of the tensor that holds any bytes. */
export function payloadsOf(tensor: Tensor): (typeof payloadFields)[number][] {
  return payloadFields.filter((field) => (tensor[field]?.byteLength ?? 0) > 0);
}

/**
 * The bytes, or `undefined` when the tensor does not hold exactly the bytes that its type and
 * dimensions ask for in exactly one field.
 */
export function storedBytes(tensor: Tensor): Uint8Array | undefined {
  const type = dataTypeOf(tensor.dataType);
  const [field, another] = payloadsOf(tensor);
  if (!type || !field || another || tensor.dims.some((dim) => dim < 0)) return undefined;
  const stored = tensor[field]!.read();
  const bytes = field === 'rawData' ? stored : rawFrom(type, field, stored);
  return bytes?.byteLength === byteSize(type, elementCount(tensor)) ? bytes : undefined;
}

/** Which typed field holds which types, and how it widens them, is said in onnx.proto. */
function rawFrom(
  type: DataType,
  field: (typeof payloadFields)[number],
  bytes: Uint8Array,
): Uint8Array | undefined {
  const home = homeOf(type);
  if (field !== home) return undefined;
  if (type.name === 'uint32') {
    return bytesOf(Uint32Array.from(wordsOf(bytes, BigUint64Array), (word) => Number(word)));
  }
  if (home !== 'int32Data' || type.bits === 32) return bytes;
  const words = wordsOf(bytes, Int32Array);
  return type.bits === 16 ? bytesOf(Uint16Array.from(words)) : Uint8Array.from(words);
}

function homeOf({ name, encoding, bits }: DataType): keyof Tensor & `${string}Data` {
  if (name === 'float' || name === 'complex64') return 'floatData';
  if (name === 'double' || name === 'complex128') return 'doubleData';
  if (name === 'int64') return 'int64Data';
  return encoding === 'unsigned' && bits >= 32 ? 'uint64Data' : 'int32Data';
}

function wordsOf<T>(
  bytes: Uint8Array,
  array: { new (buffer: ArrayBufferLike): T; BYTES_PER_ELEMENT: number },
): T {
  const { BYTES_PER_ELEMENT: size } = array;
  return new array(bytes.slice(0, bytes.byteLength - (bytes.byteLength % size)).buffer);
}

function bytesOf(words: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(words.buffer);
}
