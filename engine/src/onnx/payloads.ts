/**
 * Weights that have not been read yet. A payload knows where its bytes lie, so that the writer can
 * copy them from file to file; numbers stored as varints are decoded only when somebody asks.
 */

import type { Payload } from '../ir/model';
import type { ByteSource } from './byte-source';
import { readVarints } from './varints';

/** A range of a source. */
export class SourcePayload implements Payload {
  constructor(
    readonly source: ByteSource,
    readonly offset: number,
    readonly byteLength: number,
  ) {}

  read(): Uint8Array {
    return this.source.slice(this.offset, this.byteLength);
  }
}

/** Elements that are stored as packed varints and given as little-endian integers. */
export class VarintPayload implements Payload {
  private known: number | undefined;

  constructor(
    /** The varints as they stand in the file. */
    readonly encoded: Payload,
    /** Bytes of one element. */
    readonly width: 4 | 8,
  ) {}

  /** How many elements there are is known only after looking at every byte. */
  get byteLength(): number {
    return (this.known ??= countVarints(this.encoded.read()) * this.width);
  }

  read(): Uint8Array {
    const encoded = this.encoded.read();
    const bytes = readVarints(encoded, countVarints(encoded), this.width);
    this.known = bytes.byteLength;
    return bytes;
  }
}

function countVarints(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 128) count++;
  return count;
}
