/** Where a model's bytes go: memory, or a file into which payloads are copied piece by piece. */

import { writeSync } from 'node:fs';
import { CoppiceError } from '../ir/issue';
import type { Payload } from '../ir/model';
import type { Sink } from './encode';
import { SourcePayload } from './payloads';

export class MemorySink implements Sink {
  private at = 0;

  constructor(private readonly target: Uint8Array) {}

  bytes(bytes: Uint8Array): void {
    this.target.set(bytes, this.at);
    this.at += bytes.byteLength;
  }

  payload(content: Payload): void {
    this.bytes(readWhole(content));
  }
}

/** Writes to an open file from its current position on. */
export class FileSink implements Sink {
  /** Bytes written so far. */
  position = 0;

  constructor(private readonly descriptor: number) {}

  bytes(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength;) {
      done += writeSync(this.descriptor, bytes, done, bytes.byteLength - done);
    }
    this.position += bytes.byteLength;
  }

  payload(content: Payload): void {
    if (!(content instanceof SourcePayload)) return this.bytes(readWhole(content));
    const { source, offset, byteLength } = content;
    const buffer = new Uint8Array(Math.min(byteLength, copyChunk));
    for (let done = 0; done < byteLength; done += copyChunk) {
      const piece = buffer.subarray(0, Math.min(copyChunk, byteLength - done));
      source.readInto(piece, offset + done);
      this.bytes(piece);
    }
  }

  /** Fills up with zeros. */
  padTo(position: number): void {
    if (position > this.position) this.bytes(new Uint8Array(position - this.position));
  }
}

const copyChunk = 4 * 2 ** 20;

/** Lengths were written before contents, so a payload that gives other bytes than it said is fatal. */
function readWhole(content: Payload): Uint8Array {
  const bytes = content.read();
  if (bytes.byteLength === content.byteLength) return bytes;
  throw new CoppiceError(
    'payload-size',
    `A tensor said it has ${content.byteLength} bytes of data but gave ${bytes.byteLength}.`,
  );
}
