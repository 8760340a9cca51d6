/** Random models for property tests, made from the same table of fields that drives the codec. */

import * as fc from 'fast-check';
import type { Int, Model, Payload } from '../../ir/model';
import { payload } from '../../ir/tensor';
import type { FieldValues } from '../entries';
import { modelMessage, type Field, type MessageType } from '../schema';

/** Models in which every field of every message may be present, with any value. */
export function arbitraryModel(): fc.Arbitrary<Model> {
  return message(modelMessage, 0) as unknown as fc.Arbitrary<Model>;
}

/** A model without identities: payloads become their bytes, and origins are left out. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  if ('read' in value) return Array.from((value as Payload).read());
  const entries = Object.entries(value).filter(
    ([key, each]) => key !== 'origin' && each !== undefined,
  );
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
}

/** Deep enough for an initializer inside a subgraph; beyond that messages are empty. */
const maxDepth = 9;

function message(type: MessageType, depth: number): fc.Arbitrary<FieldValues> {
  const known = type.fields.filter((field) => field.kind !== 'message' || depth < maxDepth);
  const maxLength = Math.min(known.length, depth < 3 ? 8 : 4);
  return fc.subarray(known, { maxLength }).chain((chosen) => {
    const lists = Object.fromEntries(
      type.lists.map((name) => [name, fc.constant([] as unknown[])]),
    );
    const present = chosen.map((field) => [field.name, fieldValue(field, depth)] as const);
    return fc.record({ ...lists, ...Object.fromEntries(present) }) as fc.Arbitrary<FieldValues>;
  });
}

function fieldValue(field: Field, depth: number): fc.Arbitrary<unknown> {
  const one = field.kind === 'message' ? message(field.message!, depth + 1) : scalarValue(field);
  return field.repeated ? fc.array(one, { maxLength: 3 }) : one;
}

function scalarValue(field: Field): fc.Arbitrary<unknown> {
  const bytes = fc.uint8Array({ maxLength: 20 });
  switch (field.kind) {
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.oneof(
        fc.integer(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(exact),
      );
    case 'float':
      return fc.float();
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 12 });
    case 'payload':
      return bytes.map(payload);
    case 'elements':
      return fc
        .uint8Array({ minLength: 0, maxLength: 5 })
        .chain(({ length }) => fc.uint8Array({ minLength: length * 8, maxLength: length * 8 }))
        .map(payload);
    default:
      return bytes;
  }
}

/** The reader gives a bigint only where a number would not do. */
function exact(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
