/**
 * Moves large tensors between the two processes through files in a folder they share, in memory
 * where the system has such a file system. The channel between processes moves a few kilobytes for
 * each switch from one to the other: nearly as fast on an idle machine, four times slower on a busy one.
 */

import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataTypeName, TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';
import type { NamedTensor } from './runtime';

export type Tensors = Readonly<Record<string, NamedTensor>>;

/** What is sent in the place of tensors: themselves, or where to find them. */
export type Parcel = { readonly tensors: Tensors } | { readonly file: string; parts: Part[] };

interface Part {
  readonly name: string;
  readonly type: DataTypeName;
  readonly dims: readonly number[];
  readonly array: keyof typeof arrays;
  readonly length: number;
}

const arrays = {
  Float32Array,
  Float64Array,
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
} as const;

/** Below this size a message through the channel costs less than a file. */
const smallest = 1 << 18;

/** A new folder that only this user can read. */
export function makeExchangeFolder(): string {
  const inMemory = '/dev/shm';
  return mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'coppice-'));
}

export function removeExchangeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Puts tensors into a file when they are large; where the file system is full, they go as they are. */
export function pack(folder: string, tensors: Tensors): Parcel {
  const entries = Object.entries(tensors);
  const bytes = entries.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  if (bytes < smallest) return { tensors };
  const path = join(folder, randomUUID());
  try {
    writeFile(
      path,
      entries.map(([, { data }]) => data),
    );
  } catch {
    rmSync(path, { force: true });
    return { tensors };
  }
  const parts = entries.map(([name, { type, dims, data }]) => {
    const array = data.constructor.name as keyof typeof arrays;
    return { name, type, dims, array, length: data.length };
  });
  return { file: path, parts };
}

/** The tensors of a parcel, whose file is used up by this. */
export function unpack(parcel: Parcel): Tensors {
  if ('tensors' in parcel) return parcel.tensors;
  const file = openSync(parcel.file, 'r');
  try {
    return Object.fromEntries(
      parcel.parts.map(({ name, type, dims, array, length }) => {
        const data = new arrays[array](length);
        readAll(file, data);
        return [name, { type, dims, data }];
      }),
    );
  } finally {
    closeSync(file);
    discard(parcel);
  }
}

/** Throws a parcel away unread. */
export function discard(parcel: Parcel): void {
  if ('file' in parcel) rmSync(parcel.file, { force: true });
}

function writeFile(path: string, contents: readonly TypedArray[]): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    for (const { buffer, byteOffset, byteLength } of contents) {
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      for (let done = 0; done < byteLength;) done += writeSync(file, bytes, done);
    }
  } finally {
    closeSync(file);
  }
}

function readAll(file: number, { buffer, byteLength }: TypedArray): void {
  const bytes = new Uint8Array(buffer);
  for (let done = 0; done < byteLength;) {
    const got = readSync(file, bytes, done, byteLength - done, null);
    if (got === 0) throw new CoppiceError('runtime', 'Tensors were lost between two processes.');
    done += got;
  }
}
