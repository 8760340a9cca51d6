/** Element types of tensors (TensorProto.DataType of the ONNX schema, IR version 14). */

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** How the bits of one element are to be read. */
export type Encoding =
  | 'float'
  | 'signed'
  | 'unsigned'
  | 'bool'
  | 'string'
  | 'complex'
  /** Floats narrower than 32 bits, whose bits are widened by `float-formats.ts`. */
  | 'small-float';

export interface DataType {
  readonly code: number;
  /** The name in the ONNX text syntax. */
  readonly name: string;
  /** Storage of one element in bits; 0 for strings. Types below 8 bits are packed, low bits first. */
  readonly bits: number;
  readonly encoding: Encoding;
}

export const dataTypes = [
  { code: 1, name: 'float', bits: 32, encoding: 'float' },
  { code: 2, name: 'uint8', bits: 8, encoding: 'unsigned' },
  { code: 3, name: 'int8', bits: 8, encoding: 'signed' },
  { code: 4, name: 'uint16', bits: 16, encoding: 'unsigned' },
  { code: 5, name: 'int16', bits: 16, encoding: 'signed' },
  { code: 6, name: 'int32', bits: 32, encoding: 'signed' },
  { code: 7, name: 'int64', bits: 64, encoding: 'signed' },
  { code: 8, name: 'string', bits: 0, encoding: 'string' },
  { code: 9, name: 'bool', bits: 8, encoding: 'bool' },
  { code: 10, name: 'float16', bits: 16, encoding: 'small-float' },
  { code: 11, name: 'double', bits: 64, encoding: 'float' },
  { code: 12, name: 'uint32', bits: 32, encoding: 'unsigned' },
  { code: 13, name: 'uint64', bits: 64, encoding: 'unsigned' },
  { code: 14, name: 'complex64', bits: 64, encoding: 'complex' },
  { code: 15, name: 'complex128', bits: 128, encoding: 'complex' },
  { code: 16, name: 'bfloat16', bits: 16, encoding: 'small-float' },
  { code: 17, name: 'float8e4m3fn', bits: 8, encoding: 'small-float' },
  { code: 18, name: 'float8e4m3fnuz', bits: 8, encoding: 'small-float' },
  { code: 19, name: 'float8e5m2', bits: 8, encoding: 'small-float' },
  { code: 20, name: 'float8e5m2fnuz', bits: 8, encoding: 'small-float' },
  { code: 21, name: 'uint4', bits: 4, encoding: 'unsigned' },
  { code: 22, name: 'int4', bits: 4, encoding: 'signed' },
  { code: 23, name: 'float4e2m1', bits: 4, encoding: 'small-float' },
  { code: 24, name: 'float8e8m0', bits: 8, encoding: 'small-float' },
  { code: 25, name: 'uint2', bits: 2, encoding: 'unsigned' },
  { code: 26, name: 'int2', bits: 2, encoding: 'signed' },
] as const satisfies readonly DataType[];

/** `'float' | 'uint8' | …`: the names of the element types. */
export type DataTypeName = (typeof dataTypes)[number]['name'];

const byCode = new Map<number, DataType>(dataTypes.map((type) => [type.code, type]));
const byName = new Map<string, DataType>(dataTypes.map((type) => [type.name, type]));

/** The data type with this code, or `undefined` for UNDEFINED (0) and codes of a later schema. */
export function dataTypeOf(code: number | undefined): DataType | undefined {
  return code === undefined ? undefined : byCode.get(code);
}

export function dataTypeNamed(name: DataTypeName): DataType {
  return byName.get(name)!;
}

/** The name of a data type code, `undefined` where the schema has none. */
export function dataTypeName(code: number | undefined): DataTypeName | undefined {
  return dataTypeOf(code)?.name as DataTypeName | undefined;
}

/** The natural array of each type whose elements it can hold as they are stored. */
export const arrays = {
  float: Float32Array,
  double: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

/** Bytes that `count` elements occupy when stored raw. */
export function byteSize(type: DataType, count: number): number {
  return Math.ceil((type.bits * count) / 8);
}
