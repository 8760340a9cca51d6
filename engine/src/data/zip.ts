/**
 * Reads members of a zip archive one by one, in place: only the directory is held in memory. Sizes
 * are those that the directory states, and no member may turn out larger.
 * Format: PKWARE APPNOTE 6.3, methods stored and deflated, zip64.
 */

import { createReadStream } from 'node:fs';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import { CoppiceError } from '../ir/issue';
import { fileBytes, memoryBytes, type ByteSource } from './byte-source';

export interface ZipMember {
  readonly name: string;
  /** Bytes after and before decompression. */
  readonly size: number;
  readonly storedSize: number;
  /** Position of the local header. */
  readonly offset: number;
  readonly method: 'stored' | 'deflated';
}

export interface ZipArchive {
  readonly path: string;
  /** Files in the order of the directory, folders left out. */
  readonly members: readonly ZipMember[];
  /** The whole member, in memory. */
  read(member: ZipMember): Uint8Array;
  /** The member by range: from the archive where it is stored, from memory where it is deflated. */
  open(member: ZipMember): Promise<ByteSource>;
}

const signatures = { end: 0x06054b50, end64: 0x06064b50, entry: 0x02014b50, local: 0x04034b50 };
const maxMembers = 5_000_000;
const maxDirectoryBytes = 2 ** 29;
/** Deflate cannot compress better than this; a directory that says otherwise lies. */
const maxDeflateRatio = 1032;
/** What one deflated member may take in memory. */
const maxInflatedBytes = 2 ** 32 - 1;

/** @throws CoppiceError `zip` when the archive is damaged, encrypted or of an unknown method. */
export function openZip(path: string): ZipArchive {
  const archive = fileBytes(path);
  const members = readDirectory(archive);
  return {
    path,
    members,
    read: (member) => {
      const data = storedRange(path, archive, member);
      const bytes = data.read(0, data.size);
      return member.method === 'stored' ? bytes : inflateSmall(bytes, member, data.name);
    },
    open: async (member) => {
      const data = storedRange(path, archive, member);
      if (member.method === 'stored') return data;
      return memoryBytes(data.name, await inflateLarge(path, archive, member, data.name));
    },
  };
}

function readDirectory(archive: ByteSource): ZipMember[] {
  const { offset, size, count } = findDirectory(archive);
  if (count > maxMembers || size > maxDirectoryBytes) {
    throw broken(archive.name, `its directory claims ${count} members, which is too many`);
  }
  const bytes = archive.read(offset, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members: ZipMember[] = [];
  for (let at = 0; members.length < count && at + 46 <= size;) {
    if (view.getUint32(at, true) !== signatures.entry) break;
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > size) break;
    members.push(readEntry(archive, bytes, view, at, nameLength, extraLength));
    at = next;
  }
  if (members.length < count) throw broken(archive.name, 'its directory is damaged');
  return members.filter((member) => !member.name.endsWith('/'));
}

function readEntry(
  archive: ByteSource,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  nameLength: number,
  extraLength: number,
): ZipMember {
  const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
  const method = view.getUint16(at + 10, true);
  if (view.getUint16(at + 8, true) & 1) throw broken(archive.name, `"${name}" is encrypted`);
  if (method !== 0 && method !== 8) {
    throw broken(archive.name, `"${name}" is compressed by method ${method}, not by deflate`);
  }
  const wide = zip64Fields(view, at + 46 + nameLength, extraLength);
  const size = orWide(view.getUint32(at + 24, true), wide);
  const storedSize = orWide(view.getUint32(at + 20, true), wide);
  const offset = orWide(view.getUint32(at + 42, true), wide);
  const possible = method === 0 ? size === storedSize : size <= storedSize * maxDeflateRatio + 64;
  if (!possible || offset + storedSize > archive.size) {
    throw broken(archive.name, `"${name}" claims ${size} bytes, which cannot be`);
  }
  return { name, size, storedSize, offset, method: method === 0 ? 'stored' : 'deflated' };
}

/** 64-bit values of the zip64 extra field, in the order size, stored size, offset. */
function zip64Fields(view: DataView, start: number, length: number): number[] {
  for (let at = start; at + 4 <= start + length;) {
    const size = Math.min(view.getUint16(at + 2, true), start + length - at - 4);
    if (view.getUint16(at, true) === 1) {
      const count = Math.floor(size / 8);
      return Array.from({ length: count }, (_, i) =>
        Number(view.getBigUint64(at + 4 + 8 * i, true)),
      );
    }
    at += 4 + size;
  }
  return [];
}

/** A 32-bit field of all ones stands for the next zip64 value. */
function orWide(value: number, wide: number[]): number {
  return value === 0xffffffff ? (wide.shift() ?? value) : value;
}

function findDirectory(archive: ByteSource): { offset: number; size: number; count: number } {
  const length = Math.min(archive.size, 65_557);
  const tail = archive.read(archive.size - length, length);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = length - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== signatures.end) continue;
    const count = view.getUint16(at + 10, true);
    const offset = view.getUint32(at + 16, true);
    const wide = count === 0xffff || offset === 0xffffffff;
    if (wide && at >= 20) {
      const found = findDirectory64(archive, Number(view.getBigUint64(at - 20 + 8, true)));
      if (found) return found;
    }
    return { offset, size: view.getUint32(at + 12, true), count };
  }
  throw broken(archive.name, 'it has no directory: the file is cut off, or not a zip archive');
}

function findDirectory64(
  archive: ByteSource,
  position: number,
): { offset: number; size: number; count: number } | undefined {
  if (!(position + 56 <= archive.size)) return undefined;
  const record = archive.read(position, 56);
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if (view.getUint32(0, true) !== signatures.end64) return undefined;
  const at = (offset: number): number => Number(view.getBigUint64(offset, true));
  return { count: at(32), size: at(40), offset: at(48) };
}

/** The member's bytes as they lie in the archive; the local header has its own field lengths. */
function storedRange(path: string, archive: ByteSource, member: ZipMember): ByteSource {
  return fileBytes(path, dataStart(archive, member), member.storedSize, `${path}: ${member.name}`);
}

function dataStart(archive: ByteSource, member: ZipMember): number {
  const header = archive.read(member.offset, 30);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== signatures.local) {
    throw broken(archive.name, `"${member.name}" is not where the directory says`);
  }
  return member.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
}

function inflateSmall(bytes: Uint8Array, member: ZipMember, name: string): Uint8Array {
  if (member.size === 0) return new Uint8Array();
  try {
    const inflated = inflateRawSync(bytes, { maxOutputLength: member.size });
    if (inflated.byteLength === member.size) return inflated;
  } catch (cause) {
    throw damaged(name, cause);
  }
  throw damaged(name);
}

/** Inflates into one array of the announced size, without holding the compressed bytes. */
async function inflateLarge(
  path: string,
  archive: ByteSource,
  member: ZipMember,
  name: string,
): Promise<Uint8Array> {
  if (member.size > maxInflatedBytes) {
    throw broken(name, `it takes ${member.size} bytes in memory; store it uncompressed instead`);
  }
  const start = dataStart(archive, member);
  const result = new Uint8Array(member.size);
  let done = 0;
  const stored = createReadStream(path, { start, end: start + member.storedSize - 1 });
  const inflate = createInflateRaw({ chunkSize: 1 << 18 });
  stored.on('error', (error) => inflate.destroy(error));
  try {
    for await (const chunk of stored.pipe(inflate) as AsyncIterable<Uint8Array>) {
      if (done + chunk.byteLength > member.size) throw damaged(name);
      result.set(chunk, done);
      done += chunk.byteLength;
    }
  } catch (cause) {
    throw damaged(name, cause);
  } finally {
    stored.destroy();
  }
  if (done < member.size) throw damaged(name);
  return result;
}

function damaged(name: string, cause?: unknown): CoppiceError {
  if (cause instanceof CoppiceError) return cause;
  return new CoppiceError('zip', `${name}: its compressed data is damaged or cut off.`, { cause });
}

function broken(name: string, problem: string): CoppiceError {
  return new CoppiceError('zip', `${name}: ${problem}.`);
}
