/** Reading and making the elements of tensors. */

import {
  arrays,
  byteSize,
  dataTypeNamed,
  dataTypeOf,
  type DataTypeName,
  type TypedArray,
} from './data-type';
import { widen, narrow } from './float-formats';
import { CoppiceError } from './issue';
import type { Payload, Tensor } from './model';

/** A payload that is already in memory. */
export function payload(bytes: Uint8Array): Payload {
  return { byteLength: bytes.byteLength, read: () => bytes };
}

/** The dimensions as numbers. */
export function dimsOf(tensor: Tensor): number[] {
  return tensor.dims.map(Number);
}

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(tensor: Tensor): number {
  return dimsOf(tensor).reduce((product, dim) => product * dim, 1);
}

/** Bytes that the elements take when stored raw; known without reading them. */
export function tensorBytes(tensor: Tensor): number {
  const type = dataTypeOf(tensor.dataType);
  return type ? byteSize(type, elementCount(tensor)) : 0;
}

/**
 * The elements in row-major order, in the natural array of the type: int64 as BigInt64Array, types
 * below 8 bits unpacked to one element a byte, small floats widened to Float32Array, bool as
 * Uint8Array. The result may share memory with the file's buffer: treat it as read-only.
 *
 * @throws CoppiceError `tensor-data` when the stored bytes do not match type and dimensions.
 */
export function elements(tensor: Tensor): TypedArray {
  const type = dataTypeOf(tensor.dataType);
  if (!type || type.encoding === 'string' || type.encoding === 'complex') {
    throw dataError(
      tensor,
      `has element type ${type?.name ?? tensor.dataType}, which is not numeric`,
    );
  }
  const count = elementCount(tensor);
  if (tensor.dims.some((dim) => dim < 0) || !Number.isSafeInteger(count * type.bits)) {
    throw dataError(tensor, 'has impossible dimensions');
  }
  const name = type.name as DataTypeName;
  const raw = tensor.external ?? tensor.rawData;
  if (raw) {
    const bytes = raw.read();
    if (bytes.byteLength < byteSize(type, count)) {
      throw dataError(tensor, `needs ${byteSize(type, count)} bytes but holds ${bytes.byteLength}`);
    }
    return fromRaw(bytes, name, count);
  }
  const typed = fromTypedFields(tensor, name, count);
  if (typed.length !== count) {
    throw dataError(tensor, `needs ${count} elements but holds ${typed.length}`);
  }
  return typed;
}

/** The elements as float32, whatever their numeric type; shares memory when they already are. */
export function floats(tensor: Tensor): Float32Array {
  const data = elements(tensor);
  return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number);
}

/** The elements as plain numbers, for the short integer tensors that spell shapes. */
export function numbers(tensor: Tensor): number[] {
  return Array.from(elements(tensor) as ArrayLike<number>, Number);
}

/** The strings of a string tensor. */
export function strings(tensor: Tensor): string[] {
  return tensor.stringData.map((bytes) => new TextDecoder().decode(bytes));
}

/** Makes a tensor whose elements lie in memory as raw data. `data` is not copied where possible. */
export function makeTensor(
  name: string,
  type: DataTypeName,
  dims: readonly number[],
  data: TypedArray | readonly number[],
): Tensor {
  return {
    name,
    dims: [...dims],
    dataType: dataTypeNamed(type).code,
    rawData: payload(toRaw(data, type)),
    stringData: [],
    externalData: [],
    metadataProps: [],
  };
}

/** The same tensor (name, doc string, type) with other dimensions and elements, stored raw. */
export function withElements(
  tensor: Tensor,
  dims: readonly number[],
  data: TypedArray | readonly number[],
): Tensor {
  const type = dataTypeOf(tensor.dataType)!.name as DataTypeName;
  const { docString, metadataProps } = tensor;
  return { ...makeTensor(tensor.name ?? '', type, dims, data), docString, metadataProps };
}

function dataError(tensor: Tensor, problem: string): CoppiceError {
  const shape = `[${tensor.dims.join(', ')}]`;
  return new CoppiceError('tensor-data', `Tensor "${tensor.name ?? ''}" ${shape} ${problem}.`);
}

/** A view where the bytes are aligned for the element type, a copy otherwise. */
function view<T>(
  bytes: Uint8Array,
  array: {
    new (buffer: ArrayBufferLike, offset: number, length: number): T;
    BYTES_PER_ELEMENT: number;
  },
  count: number,
): T {
  if (bytes.byteOffset % array.BYTES_PER_ELEMENT === 0) {
    return new array(bytes.buffer, bytes.byteOffset, count);
  }
  // Not `slice`: that of a Buffer shares the memory it should copy.
  const copy = new Uint8Array(bytes.subarray(0, count * array.BYTES_PER_ELEMENT));
  return new array(copy.buffer, 0, count);
}

function fromRaw(bytes: Uint8Array, type: DataTypeName, count: number): TypedArray {
  if (type in arrays) {
    return view<TypedArray>(bytes, arrays[type as keyof typeof arrays], count);
  }
  const { bits, encoding } = dataTypeNamed(type);
  if (encoding === 'small-float') {
    if (bits === 16) return widen(view(bytes, Uint16Array, count), type);
    return widen(bits === 8 ? bytes.subarray(0, count) : unpack(bytes, bits, count), type);
  }
  const unsigned = unpack(bytes, bits, count);
  if (encoding === 'unsigned') return unsigned;
  const shift = 32 - bits;
  return Int8Array.from(unsigned, (value) => (value << shift) >> shift);
}

/** One element a byte from elements of 2 or 4 bits, low bits first. */
function unpack(bytes: Uint8Array, bits: number, count: number): Uint8Array {
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const result = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    result[i] = (bytes[Math.floor(i / perByte)] >> ((i % perByte) * bits)) & mask;
  }
  return result;
}

/** Elements kept in `float_data`, `int32_data` …, which widen the narrow types (onnx.proto). */
function fromTypedFields(tensor: Tensor, type: DataTypeName, count: number): TypedArray {
  const read = <T>(
    source: Payload | undefined,
    array: Parameters<typeof view<T>>[1],
    size: number,
  ) => {
    const bytes = source?.read() ?? new Uint8Array();
    if (bytes.byteLength % size !== 0) throw dataError(tensor, 'ends in the middle of an element');
    return view(bytes, array, bytes.byteLength / size);
  };
  switch (type) {
    case 'float':
      return read<Float32Array>(tensor.floatData, Float32Array, 4);
    case 'double':
      return read<Float64Array>(tensor.doubleData, Float64Array, 8);
    case 'int64':
      return read<BigInt64Array>(tensor.int64Data, BigInt64Array, 8);
    case 'uint64':
      return read<BigUint64Array>(tensor.uint64Data, BigUint64Array, 8);
    case 'uint32':
      return Uint32Array.from(read<BigUint64Array>(tensor.uint64Data, BigUint64Array, 8), Number);
    case 'int32':
      return read<Int32Array>(tensor.int32Data, Int32Array, 4);
    default: {
      // One int32 holds one element, except below 8 bits, where it holds one packed byte.
      const words = read<Int32Array>(tensor.int32Data, Int32Array, 4);
      const { bits } = dataTypeNamed(type);
      const bytes =
        bits === 16 ? new Uint8Array(Uint16Array.from(words).buffer) : Uint8Array.from(words);
      const available = Math.floor((bytes.byteLength * 8) / bits);
      return fromRaw(bytes, type, Math.min(count, available));
    }
  }
}

/** The raw bytes of elements of a type; the inverse of `fromRaw`. */
function toRaw(data: TypedArray | readonly number[], type: DataTypeName): Uint8Array {
  if (type in arrays) {
    const array = arrays[type as keyof typeof arrays];
    const typed = data instanceof array ? data : convert(data, type as keyof typeof arrays);
    return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
  }
  const { bits, encoding } = dataTypeNamed(type);
  if (encoding === 'string' || encoding === 'complex') {
    throw new CoppiceError('tensor-data', `Tensors of type ${type} cannot be made from numbers.`);
  }
  const source = Array.from(data as ArrayLike<number>, Number);
  const codes = encoding === 'small-float' ? narrow(source, type) : source;
  if (bits === 16) return new Uint8Array(Uint16Array.from(codes).buffer);
  if (bits === 8) return Uint8Array.from(codes);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const bytes = new Uint8Array(Math.ceil(codes.length / perByte));
  codes.forEach((code, i) => {
    bytes[Math.floor(i / perByte)] |= (code & mask) << ((i % perByte) * bits);
  });
  return bytes;
}

function convert(data: TypedArray | readonly number[], type: keyof typeof arrays): TypedArray {
  const source = data as ArrayLike<number>;
  if (type === 'int64') return BigInt64Array.from(Array.from(source, (value) => BigInt(value)));
  if (type === 'uint64') return BigUint64Array.from(Array.from(source, (value) => BigInt(value)));
  return new arrays[type](Array.from(source, Number));
}
