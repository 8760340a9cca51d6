/** Bytes that are read by range: a file that is too large to hold, or an array in memory. */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CoppiceError } from '../ir/issue';

export interface ByteSource {
  /** How messages call it: a path, or a path and the member of an archive. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes. Throws CoppiceError `data-truncated` when there are fewer. */
  read(offset: number, length: number): Uint8Array;
}

export function memoryBytes(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read: (offset, length) => {
      if (offset + length > bytes.byteLength) throw truncated(name, offset + length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** A file, or a range of one. The file is open only while it is read. */
export function fileBytes(path: string, start = 0, size = fileSize(path), name = path): ByteSource {
  return {
    name,
    size,
    read: (offset, length) => {
      if (offset + length > size) throw truncated(name, offset + length);
      return readRange(path, name, start + offset, length);
    },
  };
}

/** @throws CoppiceError `data-missing` where there is no such file. */
export function fileSize(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new CoppiceError('data-missing', `${path}: there is no such file or folder.`);
  return found.size;
}

function readRange(path: string, name: string, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < length;) {
      const got = readSync(file, bytes, done, length - done, position + done);
      if (got === 0) throw truncated(name, position + length);
      done += got;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

function truncated(name: string, wanted: number): CoppiceError {
  return new CoppiceError(
    'data-truncated',
    `${name}: the data ends before byte ${wanted}, where more was announced. The file is cut off or damaged.`,
  );
}
