/**
 * The fields of every message of the model as a table, for the annotations of the text format: what
 * a field is called, what it holds, and therefore which JSON may become it.
 */

export type MessageKind =
  | 'model'
  | 'graph'
  | 'node'
  | 'attribute'
  | 'tensor'
  | 'sparseTensor'
  | 'quantization'
  | 'valueInfo'
  | 'type'
  | 'tensorType'
  | 'elementType'
  | 'mapType'
  | 'opaqueType'
  | 'shape'
  | 'dim'
  | 'function'
  | 'entry'
  | 'opset';

/** What a single value of a field is; `payload` stands for bytes that may lie in a file. */
export type ScalarKind = 'string' | 'int' | 'float' | 'bytes' | 'payload';

export interface Field {
  readonly kind: ScalarKind | MessageKind;
  readonly repeated: boolean;
}

const one = <K extends Field['kind']>(kind: K) => ({ kind, repeated: false });
const many = <K extends Field['kind']>(kind: K) => ({ kind, repeated: true });

const string = one('string');
const int = one('int');
const metadataProps = many('entry');

/** Field names are those of `ir/model.ts`. */
export const fields: Record<MessageKind, Readonly<Record<string, Field>>> = {
  model: {
    irVersion: int,
    producerName: string,
    producerVersion: string,
    domain: string,
    modelVersion: int,
    docString: string,
    graph: one('graph'),
    opsetImport: many('opset'),
    metadataProps,
    functions: many('function'),
  },
  graph: {
    name: string,
    node: many('node'),
    initializer: many('tensor'),
    sparseInitializer: many('sparseTensor'),
    docString: string,
    input: many('valueInfo'),
    output: many('valueInfo'),
    valueInfo: many('valueInfo'),
    quantizationAnnotation: many('quantization'),
    metadataProps,
  },
  node: {
    input: many('string'),
    output: many('string'),
    name: string,
    opType: string,
    domain: string,
    overload: string,
    attribute: many('attribute'),
    docString: string,
    metadataProps,
  },
  attribute: {
    name: string,
    type: int,
    refAttrName: string,
    docString: string,
    f: one('float'),
    i: int,
    s: one('bytes'),
    t: one('tensor'),
    g: one('graph'),
    sparseTensor: one('sparseTensor'),
    tp: one('type'),
    floats: many('float'),
    ints: many('int'),
    strings: many('bytes'),
    tensors: many('tensor'),
    graphs: many('graph'),
    sparseTensors: many('sparseTensor'),
    typeProtos: many('type'),
  },
  tensor: {
    name: string,
    dims: many('int'),
    dataType: int,
    docString: string,
    rawData: one('payload'),
    floatData: one('payload'),
    int32Data: one('payload'),
    int64Data: one('payload'),
    doubleData: one('payload'),
    uint64Data: one('payload'),
    stringData: many('bytes'),
    externalData: many('entry'),
    dataLocation: int,
    metadataProps,
  },
  sparseTensor: { values: one('tensor'), indices: one('tensor'), dims: many('int') },
  quantization: { tensorName: string, quantParameterTensorNames: many('entry') },
  valueInfo: { name: string, type: one('type'), docString: string, metadataProps },
  type: {
    tensorType: one('tensorType'),
    sequenceType: one('elementType'),
    optionalType: one('elementType'),
    mapType: one('mapType'),
    sparseTensorType: one('tensorType'),
    opaqueType: one('opaqueType'),
    denotation: string,
  },
  tensorType: { elemType: int, shape: one('shape') },
  elementType: { elemType: one('type') },
  mapType: { keyType: int, valueType: one('type') },
  opaqueType: { domain: string, name: string },
  shape: { dim: many('dim') },
  dim: { dimValue: int, dimParam: string, denotation: string },
  function: {
    name: string,
    domain: string,
    overload: string,
    docString: string,
    input: many('string'),
    output: many('string'),
    attribute: many('string'),
    attributeProto: many('attribute'),
    node: many('node'),
    opsetImport: many('opset'),
    valueInfo: many('valueInfo'),
    metadataProps,
  },
  entry: { key: string, value: string },
  opset: { domain: string, version: int },
};

export function isMessage(kind: Field['kind']): kind is MessageKind {
  return kind in fields;
}

/** A message with every repeated field empty and nothing else. */
export function emptyMessage(kind: MessageKind): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields[kind])) if (field.repeated) made[name] = [];
  return made;
}
