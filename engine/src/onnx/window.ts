/**
 * A moving view of a source, through which protobuf's reader sees it. The view is small after a
 * jump and grows while reading goes on, so that weights are stepped over and nodes come in bulk.
 */

import { Reader, util } from 'protobufjs/minimal';
import type { Int } from '../ir/model';
import { MemorySource, type ByteSource } from './byte-source';

const largestWindow = 256 * 1024;

const blockSize = 16 * 1024;

/** A tag and a length, or a tag and a scalar, never take more than this. */
const headerBytes = 20;

export class Window {
  private reader: Reader;
  private buffer = new Uint8Array(4096);
  /** Where `reader.buf[0]` lies in the source. */
  private start = 0;
  private size = 4096;
  private block = new Uint8Array();
  private blockUsed = 0;

  constructor(readonly source: ByteSource) {
    const inMemory = source instanceof MemorySource;
    this.reader = new Reader(inMemory ? source.slice(0, source.byteLength) : new Uint8Array());
  }

  /** Offset in the source of the next byte. */
  get position(): number {
    return this.start + this.reader.pos;
  }

  /** Makes the next `count` bytes available, or as many as there are. */
  need(count: number): void {
    const { reader } = this;
    if (reader.len - reader.pos >= count) return;
    if (this.start + reader.len < this.source.byteLength) this.refill(count);
  }

  /** Continues at any offset of the source. */
  seek(offset: number): void {
    const inside = offset - this.start;
    if (inside >= 0 && inside <= this.reader.len) {
      this.reader.pos = inside;
      return;
    }
    this.size = Math.min(4096, Math.max(512, Math.abs(inside - this.reader.len) >> 5));
    this.start = offset;
    this.reader = new Reader(this.buffer.subarray(0, 0));
  }

  /** The tag of the next field; what follows it, up to the content, is available as well. */
  tag(): number {
    this.need(headerBytes);
    return this.reader.tag();
  }

  /** A length or another unsigned varint; exact up to 2^53, beyond that merely huge. */
  length(): number {
    const { reader } = this;
    const first = reader.buf[reader.pos];
    if (reader.pos < reader.len && first < 128) {
      reader.pos++;
      return first;
    }
    const { low, high } = reader.uint64();
    return (high >>> 0) * 2 ** 32 + (low >>> 0);
  }

  /** A signed varint of up to 64 bits. */
  int(): Int {
    this.need(headerBytes);
    const { reader } = this;
    const first = reader.buf[reader.pos];
    if (reader.pos < reader.len && first < 128) {
      reader.pos++;
      return first;
    }
    const { low, high } = reader.uint64();
    const value = (high | 0) * 2 ** 32 + (low >>> 0);
    if (Number.isSafeInteger(value)) return value;
    return (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
  }

  unsigned(): Int {
    const value = this.int();
    return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
  }

  float(): number {
    this.need(4);
    return this.reader.float();
  }

  double(): number {
    this.need(8);
    return this.reader.double();
  }

  /** Text of `length` bytes; `valid` is false where they are not UTF-8 and were replaced. */
  text(length: number): { text: string; valid: boolean } {
    this.need(length);
    const { reader } = this;
    const end = reader.pos + length;
    if (end > reader.len) throw new RangeError('index out of range');
    const from = reader.pos;
    reader.pos = end;
    try {
      return { text: util.utf8.readStrict(reader.buf, from, end), valid: true };
    } catch {
      return { text: util.utf8.read(reader.buf, from, end), valid: false };
    }
  }

  /** `length` bytes: a copy from a file, a view of memory. */
  bytes(length: number): Uint8Array {
    this.need(length);
    const { reader } = this;
    const from = reader.pos;
    reader.skip(length);
    const view = reader.buf.subarray(from, from + length);
    return this.source instanceof MemorySource ? view : this.keep(view);
  }

  /** Copies bytes out of the window; small ones share a block, since each of their own is dear. */
  private keep(view: Uint8Array): Uint8Array {
    if (view.byteLength > blockSize / 8) return view.slice();
    if (this.blockUsed + view.byteLength > this.block.byteLength) {
      this.block = new Uint8Array(blockSize);
      this.blockUsed = 0;
    }
    const kept = this.block.subarray(this.blockUsed, this.blockUsed + view.byteLength);
    kept.set(view);
    // The next one starts where every element type may.
    this.blockUsed = Math.ceil((this.blockUsed + view.byteLength) / 8) * 8;
    return kept;
  }

  private refill(count: number): void {
    const { position, reader } = this;
    const rest = reader.buf.subarray(reader.pos, reader.len);
    const left = this.source.byteLength - position;
    const wanted = Math.min(left, Math.max(count, this.size));
    this.size = Math.min(largestWindow, this.size * 4);
    if (wanted > this.buffer.byteLength) {
      const larger = new Uint8Array(Math.min(left, Math.max(wanted, this.size)));
      larger.set(rest);
      this.buffer = larger;
    } else {
      this.buffer.set(rest);
    }
    const filled = this.buffer.subarray(0, wanted);
    this.source.readInto(filled.subarray(rest.byteLength), position + rest.byteLength);
    this.reader = new Reader(filled);
    this.start = position;
  }
}
