/**
 * A snapshot as bytes: a line that says what it is, the length of a JSON header, the header, the
 * vectors one after the other (float32, little-endian), and the SHA-256 of all of it. A file that was
 * cut short or altered is never taken up.
 */

import { createHash } from 'node:crypto';
import { CoppiceError } from '../ir/issue';
import type { Snapshot } from './snapshot';
import type { State } from './state';

const magic = Buffer.from('coppice training 1\n');
const digestBytes = 32;

interface Header {
  /** What the training is: a hash of everything that decides its result. */
  readonly identity: string;
  readonly vectors: readonly { readonly name: string; readonly length: number }[];
  readonly best: Omit<NonNullable<Snapshot['best']>, 'state'> | null;
  readonly rest: Omit<Snapshot, 'state' | 'best'>;
}

/** Vectors of the best epoch are told from those of the state by this. */
const bestPrefix = 'best:';

/** The parts of the file, in order; vectors are not copied. */
export function encodeSnapshot(identity: string, snapshot: Snapshot): Uint8Array[] {
  const { state, best, ...rest } = snapshot;
  const vectors = [...vectorsOf(state), ...(best ? vectorsOf(best.state, bestPrefix) : [])];
  const header: Header = {
    identity,
    vectors: vectors.map(({ name, data }) => ({ name, length: data.length })),
    best: best ? { epoch: best.epoch, heldOut: best.heldOut } : null,
    rest,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const bytes = vectors.map(({ data }) => {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  const parts = [magic, length, json, ...bytes];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return [...parts, hash.digest()];
}

/** @throws CoppiceError `checkpoint-damaged`, or `checkpoint-foreign` where it is another training's. */
export function decodeSnapshot(identity: string, bytes: Uint8Array): Snapshot {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = file.subarray(0, Math.max(0, file.length - digestBytes));
  const digest = createHash('sha256').update(body).digest();
  const whole = digest.equals(file.subarray(body.length));
  if (!whole || !body.subarray(0, magic.length).equals(magic)) {
    throw new CoppiceError('checkpoint-damaged', 'It is damaged.');
  }
  const start = magic.length + 4;
  const end = start + body.readUInt32LE(magic.length);
  const header = JSON.parse(body.toString('utf8', start, end)) as Header;
  if (header.identity !== identity) {
    throw new CoppiceError('checkpoint-foreign', 'It is of another training.');
  }
  let offset = end;
  const tensors = header.vectors.map(({ name, length }) => {
    const data = new Float32Array(length);
    new Uint8Array(data.buffer).set(body.subarray(offset, offset + data.byteLength));
    offset += data.byteLength;
    return [name, { type: 'float' as const, dims: [length], data }] as const;
  });
  const isBest = ([name]: readonly [string, unknown]) => name.startsWith(bestPrefix);
  const state: State = Object.fromEntries(tensors.filter((tensor) => !isBest(tensor)));
  if (!header.best) return { ...header.rest, state };
  const kept = tensors.filter(isBest).map(([name, tensor]) => {
    return [name.slice(bestPrefix.length), tensor] as const;
  });
  return { ...header.rest, state, best: { ...header.best, state: Object.fromEntries(kept) } };
}

function vectorsOf(state: State, prefix = '') {
  return Object.entries(state).map(([name, { data }]) => {
    return { name: `${prefix}${name}`, data: data as Float32Array };
  });
}
