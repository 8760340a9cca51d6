/** Which tensors go into the data file beside a model, and where they lie in it. */

import { dataTypeOf } from '../ir/data-type';
import type { Model, Payload, StringEntry, Tensor } from '../ir/model';
import { allTensors } from './external-data';
import { SourcePayload } from './payloads';

/** Tensors below this many bytes stay in the model. */
const smallTensor = 1024;
/** Tensors from here on start at a page, so that a runtime can map them into memory. */
const bigTensor = 65536;
const pageSize = 4096;
const smallAlignment = 16;

export interface ExternalLayout {
  readonly parts: readonly { readonly offset: number; readonly content: Payload }[];
  /** The tensor to write into the model in place of one whose data moved. */
  substitute(tensor: Tensor): Tensor;
}

/** Lays out a data file that the model will know as `location`. Equal ranges are stored once. */
export function layOutExternalData(model: Model, location: string): ExternalLayout {
  const parts: { offset: number; content: Payload }[] = [];
  const placed = new Map<object, Map<string, number>>();
  const substitutes = new Map<Tensor, Tensor>();
  let end = 0;
  for (const tensor of allTensors(model)) {
    const content = externalContent(tensor);
    if (!content) continue;
    const [owner, range] = identity(content);
    const known = placed.get(owner) ?? new Map<string, number>();
    placed.set(owner, known);
    let offset = known.get(range);
    if (offset === undefined) {
      offset = align(end, content.byteLength >= bigTensor ? pageSize : smallAlignment);
      end = offset + content.byteLength;
      parts.push({ offset, content });
      known.set(range, offset);
    }
    substitutes.set(tensor, moved(tensor, location, offset, content.byteLength));
  }
  return { parts, substitute: (tensor) => substitutes.get(tensor) ?? tensor };
}

/** The tensor with its external data inside, for models that must stand alone. */
export function inlineTensor(tensor: Tensor): Tensor {
  if (!tensor.external) return tensor;
  return {
    ...tensor,
    rawData: tensor.external,
    external: undefined,
    externalData: [],
    dataLocation: undefined,
  };
}

/** The bytes to move, where the tensor is large enough or was external before. */
function externalContent(tensor: Tensor): Payload | undefined {
  if (tensor.external) return tensor.external;
  const content = tensor.rawData ?? rawTypedData(tensor);
  return content && content.byteLength >= smallTensor ? content : undefined;
}

/** Typed data whose elements are as wide as the element type: the same bytes as raw data. */
function rawTypedData(tensor: Tensor): Payload | undefined {
  switch (dataTypeOf(tensor.dataType)?.name) {
    case 'float':
      return tensor.floatData;
    case 'double':
      return tensor.doubleData;
    case 'int32':
      return tensor.int32Data;
    case 'int64':
      return tensor.int64Data;
    case 'uint64':
      return tensor.uint64Data;
    default:
      return undefined;
  }
}

function identity(content: Payload): [owner: object, range: string] {
  return content instanceof SourcePayload
    ? [content.source, `${content.offset}+${content.byteLength}`]
    : [content, ''];
}

function moved(tensor: Tensor, location: string, offset: number, length: number): Tensor {
  const values = new Map([
    ['location', location],
    ['offset', String(offset)],
    ['length', String(length)],
  ]);
  // A checksum is that of the old file; whatever else was said about the data stays.
  const kept = tensor.externalData.filter((entry) => entry.key !== 'checksum');
  const entries: StringEntry[] = kept.map((entry) =>
    values.has(entry.key ?? '') ? { ...entry, value: values.get(entry.key!) } : entry,
  );
  for (const [key, value] of values) {
    if (!kept.some((entry) => entry.key === key)) entries.push({ key, value });
  }
  return {
    ...tensor,
    rawData: undefined,
    floatData: undefined,
    doubleData: undefined,
    int32Data: undefined,
    int64Data: undefined,
    uint64Data: undefined,
    externalData: entries,
    dataLocation: 1,
  };
}

function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
