/** The identity of data: SHA-256 over stored bytes, independent of where the files lie. */

import { createHash, type Hash } from 'node:crypto';
import type { ByteSource } from './byte-source';

/** Up to this size in all, every byte counts; beyond, the size and both ends of each file. */
const wholeUpTo = 2 ** 30;
const endBytes = 65_536;
const chunkBytes = 1 << 20;

/** Hashes the sources in their order, each under the name that `label` gives it, then `options`. */
export function contentHash(
  sources: readonly { readonly label: string; readonly source: ByteSource }[],
  options: unknown,
): string {
  const hash = createHash('sha256');
  const total = sources.reduce((sum, { source }) => sum + source.size, 0);
  for (const { label, source } of sources) {
    hash.update(`${JSON.stringify(label)} ${source.size}\n`);
    if (total <= wholeUpTo || source.size <= 2 * endBytes) update(hash, source, 0, source.size);
    else {
      update(hash, source, 0, endBytes);
      update(hash, source, source.size - endBytes, source.size);
    }
  }
  return hash.update(JSON.stringify(sortKeys(options))).digest('hex');
}

/** The identity of a selection from data that has one. */
export function derivedHash(hash: string, selection: unknown): string {
  return createHash('sha256').update(hash).update(JSON.stringify(selection)).digest('hex');
}

function update(hash: Hash, source: ByteSource, from: number, to: number): void {
  for (let at = from; at < to; at += chunkBytes) {
    hash.update(source.read(at, Math.min(chunkBytes, to - at)));
  }
}

function sortKeys(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
