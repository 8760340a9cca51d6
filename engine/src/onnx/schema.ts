/**
 * The messages of the ONNX schema (onnx.proto, IR version 14) as one table of fields. The reader and
 * the writer are generic: what a model may hold is decided here and in `ir/model.ts`, nowhere else.
 * Fields that are missing here (training_info, configuration …) survive as unknown fields.
 */

/** How the elements of typed tensor data lie on the wire and in a `Payload`. */
export type ElementKind = 'float' | 'double' | 'int32' | 'int64' | 'uint64';

/**
 * `int32` also stands for enums; `bytes` are kept in memory; `payload` is bytes that may stay in the
 * file; `elements` is a list of numbers that may stay in the file.
 */
export type FieldKind =
  'int32' | 'int64' | 'float' | 'string' | 'bytes' | 'payload' | 'elements' | 'message';

export interface Field {
  readonly number: number;
  /** The property in `ir/model.ts`. */
  readonly name: string;
  /** The name in onnx.proto, for messages to people. */
  readonly protoName: string;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** The tag that a writer uses when nothing else is known. */
  readonly tag: number;
  readonly element?: ElementKind;
  readonly message?: MessageType;
}

export interface MessageType {
  readonly name: string;
  /** In ascending order of their numbers, which is the order that protobuf writers use. */
  readonly fields: readonly Field[];
  readonly byNumber: readonly (Field | undefined)[];
  /** Names of the properties that are arrays in an empty message. */
  readonly lists: readonly string[];
}

/** Wire types of protobuf; the groups (3 and 4) do not occur in ONNX. */
export const Wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The wire type of a single element of a kind. */
export function elementWire(field: Field): number {
  const kind = field.kind === 'elements' ? field.element : field.kind;
  if (kind === 'float') return Wire.fixed32;
  if (kind === 'double') return Wire.fixed64;
  return kind === 'int32' || kind === 'int64' || kind === 'uint64' ? Wire.varint : Wire.bytes;
}

/** True for lists of numbers, which may be packed into one length-delimited field. */
export function isPackable(field: Field): boolean {
  return (field.repeated || field.kind === 'elements') && elementWire(field) !== Wire.bytes;
}

type Spec = readonly [number: number, protoName: string, ...shape: Shape];
type Shape =
  | readonly [kind: Exclude<FieldKind, 'message' | 'elements'>, repeated?: 'repeated']
  | readonly [kind: 'elements', element: ElementKind]
  | readonly [kind: 'message', message: MessageType, repeated?: 'repeated'];

type Draft = { -readonly [key in keyof MessageType]: MessageType[key] };

/** Messages refer to each other in cycles, so they exist before their fields do. */
function message(name: string): Draft {
  return { name, fields: [], byNumber: [], lists: [] };
}

const stringEntry = message('StringStringEntryProto');
const opsetId = message('OperatorSetIdProto');
const model = message('ModelProto');
const graph = message('GraphProto');
const node = message('NodeProto');
const attribute = message('AttributeProto');
const tensor = message('TensorProto');
const sparseTensor = message('SparseTensorProto');
const annotation = message('TensorAnnotation');
const valueInfo = message('ValueInfoProto');
const typeInfo = message('TypeProto');
const tensorType = message('TypeProto.Tensor');
const elementType = message('TypeProto.Sequence');
const mapType = message('TypeProto.Map');
const opaqueType = message('TypeProto.Opaque');
const shape = message('TensorShapeProto');
const dimension = message('TensorShapeProto.Dimension');
const functionType = message('FunctionProto');

define(stringEntry, [1, 'key', 'string'], [2, 'value', 'string']);
define(opsetId, [1, 'domain', 'string'], [2, 'version', 'int64']);
define(
  model,
  [1, 'ir_version', 'int64'],
  [2, 'producer_name', 'string'],
  [3, 'producer_version', 'string'],
  [4, 'domain', 'string'],
  [5, 'model_version', 'int64'],
  [6, 'doc_string', 'string'],
  [7, 'graph', 'message', graph],
  [8, 'opset_import', 'message', opsetId, 'repeated'],
  [14, 'metadata_props', 'message', stringEntry, 'repeated'],
  [25, 'functions', 'message', functionType, 'repeated'],
);
define(
  graph,
  [1, 'node', 'message', node, 'repeated'],
  [2, 'name', 'string'],
  [5, 'initializer', 'message', tensor, 'repeated'],
  [10, 'doc_string', 'string'],
  [11, 'input', 'message', valueInfo, 'repeated'],
  [12, 'output', 'message', valueInfo, 'repeated'],
  [13, 'value_info', 'message', valueInfo, 'repeated'],
  [14, 'quantization_annotation', 'message', annotation, 'repeated'],
  [15, 'sparse_initializer', 'message', sparseTensor, 'repeated'],
  [16, 'metadata_props', 'message', stringEntry, 'repeated'],
);
define(
  node,
  [1, 'input', 'string', 'repeated'],
  [2, 'output', 'string', 'repeated'],
  [3, 'name', 'string'],
  [4, 'op_type', 'string'],
  [5, 'attribute', 'message', attribute, 'repeated'],
  [6, 'doc_string', 'string'],
  [7, 'domain', 'string'],
  [8, 'overload', 'string'],
  [9, 'metadata_props', 'message', stringEntry, 'repeated'],
);
define(
  attribute,
  [1, 'name', 'string'],
  [2, 'f', 'float'],
  [3, 'i', 'int64'],
  [4, 's', 'bytes'],
  [5, 't', 'message', tensor],
  [6, 'g', 'message', graph],
  [7, 'floats', 'float', 'repeated'],
  [8, 'ints', 'int64', 'repeated'],
  [9, 'strings', 'bytes', 'repeated'],
  [10, 'tensors', 'message', tensor, 'repeated'],
  [11, 'graphs', 'message', graph, 'repeated'],
  [13, 'doc_string', 'string'],
  [14, 'tp', 'message', typeInfo],
  [15, 'type_protos', 'message', typeInfo, 'repeated'],
  [20, 'type', 'int32'],
  [21, 'ref_attr_name', 'string'],
  [22, 'sparse_tensor', 'message', sparseTensor],
  [23, 'sparse_tensors', 'message', sparseTensor, 'repeated'],
);
define(
  tensor,
  [1, 'dims', 'int64', 'repeated'],
  [2, 'data_type', 'int32'],
  [4, 'float_data', 'elements', 'float'],
  [5, 'int32_data', 'elements', 'int32'],
  [6, 'string_data', 'bytes', 'repeated'],
  [7, 'int64_data', 'elements', 'int64'],
  [8, 'name', 'string'],
  [9, 'raw_data', 'payload'],
  [10, 'double_data', 'elements', 'double'],
  [11, 'uint64_data', 'elements', 'uint64'],
  [12, 'doc_string', 'string'],
  [13, 'external_data', 'message', stringEntry, 'repeated'],
  [14, 'data_location', 'int32'],
  [16, 'metadata_props', 'message', stringEntry, 'repeated'],
);
define(
  sparseTensor,
  [1, 'values', 'message', tensor],
  [2, 'indices', 'message', tensor],
  [3, 'dims', 'int64', 'repeated'],
);
define(
  annotation,
  [1, 'tensor_name', 'string'],
  [2, 'quant_parameter_tensor_names', 'message', stringEntry, 'repeated'],
);
define(
  valueInfo,
  [1, 'name', 'string'],
  [2, 'type', 'message', typeInfo],
  [3, 'doc_string', 'string'],
  [4, 'metadata_props', 'message', stringEntry, 'repeated'],
);
define(
  typeInfo,
  [1, 'tensor_type', 'message', tensorType],
  [4, 'sequence_type', 'message', elementType],
  [5, 'map_type', 'message', mapType],
  [6, 'denotation', 'string'],
  [7, 'opaque_type', 'message', opaqueType],
  [8, 'sparse_tensor_type', 'message', tensorType],
  [9, 'optional_type', 'message', elementType],
);
define(tensorType, [1, 'elem_type', 'int32'], [2, 'shape', 'message', shape]);
define(elementType, [1, 'elem_type', 'message', typeInfo]);
define(mapType, [1, 'key_type', 'int32'], [2, 'value_type', 'message', typeInfo]);
define(opaqueType, [1, 'domain', 'string'], [2, 'name', 'string']);
define(shape, [1, 'dim', 'message', dimension, 'repeated']);
define(
  dimension,
  [1, 'dim_value', 'int64'],
  [2, 'dim_param', 'string'],
  [3, 'denotation', 'string'],
);
define(
  functionType,
  [1, 'name', 'string'],
  [4, 'input', 'string', 'repeated'],
  [5, 'output', 'string', 'repeated'],
  [6, 'attribute', 'string', 'repeated'],
  [7, 'node', 'message', node, 'repeated'],
  [8, 'doc_string', 'string'],
  [9, 'opset_import', 'message', opsetId, 'repeated'],
  [10, 'domain', 'string'],
  [11, 'attribute_proto', 'message', attribute, 'repeated'],
  [12, 'value_info', 'message', valueInfo, 'repeated'],
  [13, 'overload', 'string'],
  [14, 'metadata_props', 'message', stringEntry, 'repeated'],
);

/** The message a file consists of. */
export const modelMessage: MessageType = model;
/** The message that holds weights. */
export const tensorMessage: MessageType = tensor;

function define(type: Draft, ...specs: Spec[]): void {
  type.fields = specs.map(field);
  const byNumber: (Field | undefined)[] = [];
  for (const each of type.fields) byNumber[each.number] = each;
  type.byNumber = Array.from(byNumber);
  type.lists = type.fields.filter((each) => each.repeated).map((each) => each.name);
}

function field([number, protoName, kind, ...rest]: Spec): Field {
  const made = {
    number,
    name: protoName.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    protoName,
    kind,
    repeated: rest.includes('repeated' as never),
    element: kind === 'elements' ? (rest[0] as ElementKind) : undefined,
    message: kind === 'message' ? (rest[0] as MessageType) : undefined,
    tag: 0,
  };
  // The schema packs the typed data of tensors and nothing else.
  const wire = kind === 'elements' ? Wire.bytes : elementWire(made);
  return { ...made, tag: (number << 3) | wire };
}
