/**
 * The intermediate representation: an ONNX model as plain, mutable data.
 *
 * Types mirror the messages of the ONNX schema (onnx/onnx.proto, IR version 14) field by field, in
 * camelCase, so that nothing a file holds is lost. A repeated field is always an array; an optional
 * field that was absent is `undefined`. Values are known by name, as in ONNX; `graph-index.ts`
 * derives producers and consumers.
 */

/** An int64 of the file: a number where that is exact, otherwise a bigint. */
export type Int = number | bigint;

/**
 * What a message looked like on the wire: the order of its fields and the fields this schema does
 * not know. Written by the reader, consulted by the writer, meaningless to everybody else.
 */
export interface Origin {
  /** Field tags (`number << 3 | wireType`) in the order in which they occurred. */
  readonly tags: readonly number[];
  /** Unknown fields, tag included, in the order in which they occurred; large ones stay in the file. */
  readonly unknown: readonly (Uint8Array | Payload)[];
}

/** Mixed into every message. */
export interface Message {
  origin?: Origin;
}

/** Bytes that may still lie in a file. Reading them is explicit, and repeated reads are allowed. */
export interface Payload {
  readonly byteLength: number;
  /** The bytes, little-endian. Throws `CoppiceError` when the file no longer holds them. */
  read(): Uint8Array;
}

export interface StringEntry extends Message {
  key?: string;
  value?: string;
}

export interface OpsetImport extends Message {
  domain?: string;
  version?: Int;
}

export interface Model extends Message {
  irVersion?: Int;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: Int;
  docString?: string;
  graph?: Graph;
  opsetImport: OpsetImport[];
  metadataProps: StringEntry[];
  functions: FunctionDefinition[];
}

export interface Graph extends Message {
  name?: string;
  node: Node[];
  initializer: Tensor[];
  sparseInitializer: SparseTensor[];
  docString?: string;
  input: ValueInfo[];
  output: ValueInfo[];
  valueInfo: ValueInfo[];
  quantizationAnnotation: QuantizationAnnotation[];
  metadataProps: StringEntry[];
}

export interface Node extends Message {
  /** Names of input values; an empty string stands for an omitted optional input. */
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  domain?: string;
  overload?: string;
  attribute: Attribute[];
  docString?: string;
  metadataProps: StringEntry[];
}

export interface Attribute extends Message {
  name?: string;
  /** One of `AttributeType`; old files may leave it out. */
  type?: number;
  refAttrName?: string;
  docString?: string;
  f?: number;
  i?: Int;
  /** A byte string, usually UTF-8. */
  s?: Uint8Array;
  t?: Tensor;
  g?: Graph;
  sparseTensor?: SparseTensor;
  tp?: TypeInfo;
  floats: Float32Array | number[];
  ints: Int[];
  strings: Uint8Array[];
  tensors: Tensor[];
  graphs: Graph[];
  sparseTensors: SparseTensor[];
  typeProtos: TypeInfo[];
}

/** AttributeProto.AttributeType. */
export const AttributeType = {
  undefined: 0,
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  typeProto: 13,
  typeProtos: 14,
} as const;

export interface Tensor extends Message {
  name?: string;
  dims: Int[];
  /** One of `dataTypes` in data-type.ts. */
  dataType?: number;
  docString?: string;
  rawData?: Payload;
  /** Typed storage, little-endian packed (4 bytes each for float and int32, 8 for the others). */
  floatData?: Payload;
  int32Data?: Payload;
  int64Data?: Payload;
  doubleData?: Payload;
  uint64Data?: Payload;
  stringData: Uint8Array[];
  /** `location`, `offset`, `length`, `checksum`, as the file says them. */
  externalData: StringEntry[];
  /** 0: in this file; 1: in an external file. */
  dataLocation?: number;
  /** The bytes that `externalData` points to; attached by the reader after it checked the path. */
  external?: Payload;
  metadataProps: StringEntry[];
}

export interface SparseTensor extends Message {
  values?: Tensor;
  indices?: Tensor;
  dims: Int[];
}

export interface QuantizationAnnotation extends Message {
  tensorName?: string;
  quantParameterTensorNames: StringEntry[];
}

export interface ValueInfo extends Message {
  name?: string;
  type?: TypeInfo;
  docString?: string;
  metadataProps: StringEntry[];
}

/** TypeProto: exactly one of the alternatives is set. */
export interface TypeInfo extends Message {
  tensorType?: TensorType;
  sequenceType?: ElementType;
  optionalType?: ElementType;
  mapType?: MapType;
  sparseTensorType?: TensorType;
  opaqueType?: OpaqueType;
  denotation?: string;
}

export interface TensorType extends Message {
  elemType?: number;
  /** Absent: the rank is unknown. */
  shape?: ShapeInfo;
}

export interface ElementType extends Message {
  elemType?: TypeInfo;
}

export interface MapType extends Message {
  keyType?: number;
  valueType?: TypeInfo;
}

export interface OpaqueType extends Message {
  domain?: string;
  name?: string;
}

export interface ShapeInfo extends Message {
  dim: DimInfo[];
}

/** A dimension: a size, a symbol, or (both absent) unknown. */
export interface DimInfo extends Message {
  dimValue?: Int;
  dimParam?: string;
  denotation?: string;
}

export interface FunctionDefinition extends Message {
  name?: string;
  domain?: string;
  overload?: string;
  docString?: string;
  input: string[];
  output: string[];
  attribute: string[];
  attributeProto: Attribute[];
  node: Node[];
  opsetImport: OpsetImport[];
  valueInfo: ValueInfo[];
  metadataProps: StringEntry[];
}
