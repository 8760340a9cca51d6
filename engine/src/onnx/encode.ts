/**
 * From messages to bytes, for every message of the schema alike. Lengths stand before contents, so
 * a first walk measures and a second one writes; weights go to the sink as payloads and need never
 * be in memory together.
 */

import { Writer, util } from 'protobufjs/minimal';
import type { Int, Model, Payload, Tensor } from '../ir/model';
import { payload } from '../ir/tensor';
import { forEachEntry, type FieldValues } from './entries';
import { VarintPayload } from './payloads';
import {
  elementWire,
  isPackable,
  modelMessage,
  tensorMessage,
  Wire,
  type Field,
  type MessageType,
} from './schema';
import { writeVarints } from './varints';

/** Takes the bytes of a model in order. */
export interface Sink {
  bytes(bytes: Uint8Array): void;
  payload(content: Payload): void;
}

/** Payloads up to this size join the structure around them. */
const smallPayload = 4096;
const chunkSize = 65536;

/** Encodes one model. `substitute` says which tensor to write in place of another one. */
export class Encoding {
  /** Bytes that `writeTo` gives. */
  readonly byteLength: number;
  /** Content lengths of all messages in the order of the walk. */
  private readonly lengths: number[] = [];
  private next = 0;
  private writer = Writer.create();
  private sink!: Sink;
  private readonly substitutes = new Map<Tensor, Tensor>();
  private readonly packed = new Map<Payload, Payload>();

  constructor(
    private readonly model: Model,
    private readonly substitute: (tensor: Tensor) => Tensor = (tensor) => tensor,
  ) {
    this.byteLength = this.measure(modelMessage, valuesOf(model));
  }

  writeTo(sink: Sink): void {
    this.sink = sink;
    this.next = 0;
    this.message(modelMessage, valuesOf(this.model));
    this.flush();
  }

  private measure(type: MessageType, given: FieldValues): number {
    const slot = this.lengths.push(0) - 1;
    let total = 0;
    forEachEntry(this.resolve(type, given), type, (field, tag, value) => {
      total += field ? this.entrySize(field, tag, value) : (value as Payload).byteLength;
    });
    this.lengths[slot] = total;
    return total;
  }

  private entrySize(field: Field, tag: number, value: unknown): number {
    const head = varintSize(tag);
    if (field.kind === 'elements') return this.elementsSize(field, tag, value as Payload);
    if ((tag & 7) !== Wire.bytes) return head + scalarSize(field, value);
    const length = isPackable(field)
      ? listSize(field, value as ArrayLike<unknown>)
      : this.contentSize(field, value);
    return head + varintSize(length) + length;
  }

  private contentSize(field: Field, value: unknown): number {
    if (field.kind === 'message') return this.measure(field.message!, value as FieldValues);
    return field.kind === 'string'
      ? util.utf8.length(value as string)
      : (value as Payload | Uint8Array).byteLength;
  }

  private elementsSize(field: Field, tag: number, value: Payload): number {
    const content = this.wireElements(field, value).byteLength;
    if ((tag & 7) === Wire.bytes) return varintSize(tag) + varintSize(content) + content;
    return content + elementCount(field, value) * varintSize(tag);
  }

  private message(type: MessageType, given: FieldValues): void {
    this.next++;
    forEachEntry(this.resolve(type, given), type, (field, tag, value) => {
      if (!field) this.unknown(value as Uint8Array | Payload);
      else if (field.kind === 'elements') this.elements(field, tag, value as Payload);
      else this.entry(field, tag, value);
      if (this.writer.len > chunkSize) this.flush();
    });
  }

  private entry(field: Field, tag: number, value: unknown): void {
    const writer = this.writer.uint32(tag);
    if ((tag & 7) === Wire.bytes && isPackable(field)) {
      const list = value as ArrayLike<unknown>;
      writer.uint32(listSize(field, list));
      for (let i = 0; i < list.length; i++) this.scalar(field, list[i]);
    } else if (field.kind === 'message') {
      this.length(this.lengths[this.next]);
      this.message(field.message!, value as FieldValues);
    } else if (field.kind === 'payload') this.payload(value as Payload);
    else if (field.kind === 'string') writer.string(value as string);
    else if (field.kind === 'bytes') writer.bytes(value as Uint8Array);
    else this.scalar(field, value);
  }

  private scalar(field: Field, value: unknown): void {
    if (field.kind === 'float') this.writer.float(value as number);
    else this.writer.int64(asLong(value as Int));
  }

  private elements(field: Field, tag: number, value: Payload): void {
    const content = this.wireElements(field, value);
    if ((tag & 7) === Wire.bytes) {
      this.writer.uint32(tag);
      this.payload(content);
      return;
    }
    const bytes = content.read();
    const width = elementWire(field) === Wire.fixed32 ? 4 : 8;
    for (let at = 0; at < bytes.byteLength;) {
      let end = at + width;
      if (elementWire(field) === Wire.varint) for (end = at + 1; bytes[end - 1] > 127;) end++;
      this.writer.uint32(tag).raw(bytes.subarray(at, end));
      at = end;
    }
  }

  /** The elements as they stand on the wire: varints, or the little-endian numbers themselves. */
  private wireElements(field: Field, value: Payload): Payload {
    if (elementWire(field) !== Wire.varint) return value;
    const width = field.element === 'int32' ? 4 : 8;
    if (value instanceof VarintPayload && value.width === width) return value.encoded;
    let made = this.packed.get(value);
    if (!made) {
      this.packed.set(value, (made = payload(writeVarints(value.read(), field.element!))));
    }
    return made;
  }

  private payload(content: Payload): void {
    this.length(content.byteLength);
    this.unknown(content);
  }

  private unknown(content: Uint8Array | Payload): void {
    if (content instanceof Uint8Array) {
      this.writer.raw(content);
    } else if (content.byteLength <= smallPayload) {
      this.writer.raw(content.read());
    } else {
      this.flush();
      this.sink.payload(content);
    }
  }

  private length(value: number): void {
    this.writer.uint64(value);
  }

  private flush(): void {
    if (this.writer.len > 0) this.sink.bytes(this.writer.finish());
    this.writer = Writer.create();
  }

  private resolve(type: MessageType, given: FieldValues): FieldValues {
    if (type !== tensorMessage) return given;
    const tensor = given as unknown as Tensor;
    let chosen = this.substitutes.get(tensor);
    if (!chosen) this.substitutes.set(tensor, (chosen = this.substitute(tensor)));
    return valuesOf(chosen);
  }
}

function valuesOf(message: Model | Tensor): FieldValues {
  return message as unknown as FieldValues;
}

function listSize(field: Field, list: ArrayLike<unknown>): number {
  let total = 0;
  for (let i = 0; i < list.length; i++) total += scalarSize(field, list[i]);
  return total;
}

function scalarSize(field: Field, value: unknown): number {
  return field.kind === 'float' ? 4 : varintSize(value as Int);
}

function elementCount(field: Field, value: Payload): number {
  return value.byteLength / (field.element === 'float' || field.element === 'int32' ? 4 : 8);
}

function varintSize(value: Int): number {
  if (value < 0) return 10;
  let size = 1;
  let rest = value;
  // A bigint does not fit into a number exactly: its high part is counted first.
  for (; typeof rest === 'bigint' && rest >= 2n ** 28n; rest >>= 28n) size += 4;
  for (rest = Number(rest); rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** What protobuf's writer takes: a number where that is exact, two halves otherwise. */
function asLong(value: Int): Parameters<Writer['int64']>[0] {
  if (typeof value === 'number') return value;
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return { low, high, unsigned: false } as Parameters<Writer['int64']>[0];
}
