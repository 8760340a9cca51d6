/**
 * Where bytes come from: a file, read piece by piece, or memory. A file is opened anew for each
 * request outside of `open`, so that an idle model holds no descriptor, and checked to be the file
 * that was read before.
 */

import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { CoppiceError } from '../ir/issue';

export interface ByteSource {
  readonly byteLength: number;
  /** Fills `target` from `offset` on. Throws `CoppiceError` when the file does not hold the bytes. */
  readInto(target: Uint8Array, offset: number): void;
  /** The bytes themselves; shared with the source where that is memory. */
  slice(offset: number, length: number): Uint8Array;
}

export class MemorySource implements ByteSource {
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    // A Buffer would leak into the model, and its `slice` shares where that of Uint8Array copies.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get byteLength(): number {
    return this.bytes.byteLength;
  }

  readInto(target: Uint8Array, offset: number): void {
    target.set(this.bytes.subarray(offset, offset + target.byteLength));
  }

  slice(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }
}

export class FileSource implements ByteSource {
  readonly byteLength: number;
  private readonly stats: Stats;
  private descriptor: number | undefined;

  /** @throws CoppiceError `file-not-found`, `not-a-file` or `unreadable-file`. */
  constructor(readonly path: string) {
    this.stats = statRegularFile(path);
    this.byteLength = this.stats.size;
  }

  /** Under how many names the file is known. */
  get links(): number {
    return this.stats.nlink;
  }

  /** Runs `work` with the file open once instead of once for each read. */
  open<T>(work: () => T): T {
    if (this.descriptor !== undefined) return work();
    this.descriptor = this.openUnchanged();
    try {
      return work();
    } finally {
      closeSync(this.descriptor);
      this.descriptor = undefined;
    }
  }

  readInto(target: Uint8Array, offset: number): void {
    this.open(() => this.fill(target, offset));
  }

  slice(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.readInto(bytes, offset);
    return bytes;
  }

  private fill(target: Uint8Array, offset: number): void {
    let done = 0;
    while (done < target.byteLength) {
      const wanted = Math.min(target.byteLength - done, maxRead);
      const count = readSync(this.descriptor!, target, done, wanted, offset + done);
      if (count === 0) throw this.changed();
      done += count;
    }
  }

  private openUnchanged(): number {
    const descriptor = openFile(this.path);
    const now = fstatSync(descriptor);
    if (sameFile(now, this.stats)) return descriptor;
    closeSync(descriptor);
    throw this.changed();
  }

  private changed(): CoppiceError {
    return new CoppiceError(
      'file-changed',
      `${this.path} changed after its structure was read, so its weights can no longer be taken from it. Read the model again.`,
    );
  }
}

/** Linux moves at most 2 GiB in one call. */
const maxRead = 2 ** 30;

function sameFile(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino && a.dev === b.dev;
}

/** Only a regular file is opened: opening a pipe would block, a device would never end. */
function statRegularFile(path: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (stats.isFile()) return stats;
  const found = stats.isDirectory() ? 'a folder' : 'not a regular file';
  throw new CoppiceError('not-a-file', `${path} is ${found}. Name the model file itself.`);
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): CoppiceError {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new CoppiceError('file-not-found', `${path} does not exist. Check the path.`, { cause })
    : new CoppiceError(
        'unreadable-file',
        `${path} cannot be read (${code ?? 'unknown reason'}). Check its permissions.`,
        { cause },
      );
}
