/**
 * Annotations: what a message holds beyond what the syntax can say, as JSON in a `#:` comment.
 *
 * An annotation is a patch. A key is a field of `ir/model.ts`; `null` removes the field; an object
 * for a message patches it; an array replaces a list, an object for a list patches the elements at
 * the given positions. Int64 beyond 2^53 and floats that JSON lacks are strings, bytes are base64.
 */

import { CoppiceError } from '../../ir/issue';
import { payload } from '../../ir/tensor';
import type { Payload } from '../../ir/model';
import { emptyMessage, fields, isMessage, type Field, type MessageKind } from './fields';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Message = Record<string, unknown>;

/** Deeper JSON than any model needs; graphs in attributes of nodes of graphs count three each. */
const maxDepth = 200;

/**
 * The patch that turns `expressed` into `actual`, `undefined` when there is none. Fields named in
 * `elsewhere` are left to others, as is `origin`.
 */
export function difference(
  kind: MessageKind,
  actual: object,
  expressed: object,
  elsewhere: readonly string[] = [],
): { [key: string]: Json } | undefined {
  const patch: { [key: string]: Json } = {};
  for (const [name, field] of Object.entries(fields[kind])) {
    if (elsewhere.includes(name)) continue;
    const [is, said] = [(actual as Message)[name], (expressed as Message)[name]];
    const change = field.repeated
      ? listDifference(field, (is ?? []) as unknown[], (said ?? []) as unknown[])
      : valueDifference(field, is, said);
    if (change !== undefined) patch[name] = change;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** Applies a patch in place. Throws `CoppiceError` naming the first key that cannot be applied. */
export function applyPatch(kind: MessageKind, target: object, patch: Json, depth = 0): void {
  if (!isObject(patch)) throw misfit(kind, 'must be an object');
  if (depth > maxDepth) throw misfit(kind, 'is nested too deeply');
  const message = target as Message;
  for (const [name, json] of Object.entries(patch)) {
    const field = Object.hasOwn(fields[kind], name) ? fields[kind][name] : undefined;
    if (!field) throw misfit(name, `is no field of ${kind}`);
    if (json === null) {
      if (field.repeated) message[name] = [];
      else Reflect.deleteProperty(message, name);
    } else if (field.repeated && isObject(json)) {
      patchList(name, field, message[name] as unknown[], json, depth);
    } else if (field.repeated) {
      if (!Array.isArray(json)) throw misfit(name, 'must be a list');
      message[name] = json.map((each) => decode(name, field, each, depth));
    } else if (isMessage(field.kind) && message[name]) {
      applyPatch(field.kind, message[name], json, depth + 1);
    } else {
      message[name] = decode(name, field, json, depth);
    }
  }
}

function listDifference(
  field: Field,
  is: readonly unknown[],
  said: readonly unknown[],
): Json | undefined {
  if (is.length !== said.length) return Array.from(is, (each) => encode(field, each));
  const changes: [string, Json][] = [];
  for (let i = 0; i < is.length; i++) {
    const change = valueDifference(field, is[i], said[i]);
    if (change === undefined) continue;
    if (!isMessage(field.kind)) return Array.from(is, (each) => encode(field, each));
    changes.push([String(i), change]);
  }
  return changes.length > 0 ? Object.fromEntries(changes) : undefined;
}

function valueDifference(field: Field, is: unknown, said: unknown): Json | undefined {
  if (is === undefined) return said === undefined ? undefined : null;
  if (said === undefined) return encode(field, is);
  if (isMessage(field.kind)) return difference(field.kind, is as object, said as object);
  return sameScalar(field, is, said) ? undefined : encode(field, is);
}

function sameScalar(field: Field, is: unknown, said: unknown): boolean {
  switch (field.kind) {
    case 'int':
      return BigInt(is as number) === BigInt(said as number);
    case 'float':
      return Object.is(Math.fround(is as number), Math.fround(said as number));
    case 'bytes':
      return base64(is as Uint8Array) === base64(said as Uint8Array);
    case 'payload':
      return base64((is as Payload).read()) === base64((said as Payload).read());
    default:
      return is === said;
  }
}

function encode(field: Field, value: unknown): Json {
  switch (field.kind) {
    case 'string':
      return value as string;
    case 'int':
      return Number.isSafeInteger(value) ? (value as number) : String(value);
    case 'float': {
      const number = value as number;
      return Number.isFinite(number) && !Object.is(number, -0) ? number : floatWord(number);
    }
    case 'bytes':
      return base64(value as Uint8Array);
    case 'payload':
      return base64((value as Payload).read());
    default:
      return difference(field.kind, value as object, emptyMessage(field.kind)) ?? {};
  }
}

function decode(name: string, field: Field, json: Json, depth: number): unknown {
  const { kind } = field;
  if (isMessage(kind)) {
    const made = emptyMessage(kind);
    applyPatch(kind, made, json, depth + 1);
    return made;
  }
  if (kind === 'int') return decodeInt(name, json);
  if (kind === 'float') return decodeFloat(name, json);
  if (typeof json !== 'string') throw misfit(name, 'must be a string');
  if (kind === 'string') return json;
  const bytes = new Uint8Array(Buffer.from(json, 'base64'));
  return kind === 'bytes' ? bytes : payload(bytes);
}

function decodeInt(name: string, json: Json): number | bigint {
  if (Number.isSafeInteger(json)) return json as number;
  if (typeof json !== 'string' || !/^-?\d{1,20}$/.test(json)) throw misfit(name, 'must be whole');
  const value = BigInt(json);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const floatWords: Record<string, number> = { nan: NaN, inf: Infinity, '-inf': -Infinity, '-0': -0 };

function floatWord(value: number): string {
  return Object.keys(floatWords).find((word) => Object.is(floatWords[word], value))!;
}

function decodeFloat(name: string, json: Json): number {
  if (typeof json === 'number') return Math.fround(json);
  if (typeof json === 'string' && Object.hasOwn(floatWords, json)) return floatWords[json];
  throw misfit(name, 'must be a number');
}

function patchList(
  name: string,
  field: Field,
  list: unknown[],
  patch: { [key: string]: Json },
  depth: number,
): void {
  for (const [key, json] of Object.entries(patch)) {
    const element = /^\d+$/.test(key) ? list[Number(key)] : undefined;
    if (!isMessage(field.kind) || element === undefined) {
      throw misfit(name, `has no element ${key}`);
    }
    applyPatch(field.kind, element as object, json, depth + 1);
  }
}

function isObject(json: Json): json is { [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function misfit(name: string, problem: string): CoppiceError {
  return new CoppiceError('text-annotation', `"${name}" ${problem}`);
}
