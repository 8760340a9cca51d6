/**
 * In which order the fields of a message stand on the wire: as in the file where they came from,
 * ascending otherwise. Fields that were added stand after their kin, or at the end.
 */

import type { Origin, Payload } from '../ir/model';
import { elementWire, isPackable, Wire, type Field, type MessageType } from './schema';

/** A message seen through the table of fields. */
export type FieldValues = Record<string, unknown> & { origin?: Origin };

/**
 * Receives each entry of a message: a field with its tag and value, or an unknown field with the
 * bytes that hold its tag too. A list that is packed comes whole, another one item by item.
 */
export type EntryVisitor = (field: Field | undefined, tag: number, value: unknown) => void;

/** Whether a field may stand on the wire with this wire type. */
export function accepts(field: Field, wire: number): boolean {
  return wire === elementWire(field) || (wire === Wire.bytes && isPackable(field));
}

/** The tags that a message has when it is written without knowing its origin. */
export function defaultTags(values: FieldValues, type: MessageType): number[] {
  const tags: number[] = [];
  for (const field of type.fields) {
    const value = values[field.name];
    if (value === undefined) continue;
    const count = field.repeated ? (value as ArrayLike<unknown>).length : 1;
    for (let i = 0; i < count; i++) tags.push(field.tag);
  }
  return tags;
}

/** Visits all that the message holds, in the order in which it is written. */
export function forEachEntry(values: FieldValues, type: MessageType, visit: EntryVisitor): void {
  if (values.origin) {
    inOriginalOrder(values, values.origin, type, visit);
    return;
  }
  for (const field of type.fields) rest(values, field, 0, visit);
}

function inOriginalOrder(
  values: FieldValues,
  { tags, unknown }: Origin,
  type: MessageType,
  visit: EntryVisitor,
): void {
  const remaining = new Map<Field, number>();
  for (const tag of tags) {
    const field = knownField(type, tag);
    if (field) remaining.set(field, (remaining.get(field) ?? 0) + 1);
  }
  const done = new Map<Field, number>();
  let unknowns = 0;
  for (const tag of tags) {
    const field = knownField(type, tag);
    if (!field) {
      visit(undefined, tag, unknown[unknowns++] satisfies Uint8Array | Payload);
      continue;
    }
    const left = remaining.get(field)! - 1;
    remaining.set(field, left);
    done.set(field, occurrence(values, field, tag, done.get(field) ?? 0, visit));
    if (left === 0 && field.repeated) rest(values, field, done.get(field)!, visit);
  }
  for (const field of type.fields) if (!done.has(field)) rest(values, field, 0, visit);
}

/** Visits what one tag of the original stands for; returns how many items are written by now. */
function occurrence(
  values: FieldValues,
  field: Field,
  tag: number,
  done: number,
  visit: EntryVisitor,
): number {
  const value = values[field.name];
  if (!field.repeated) {
    if (done === 0 && value !== undefined) visit(field, tag, value);
    return 1;
  }
  const list = value as ArrayLike<unknown>;
  if (isPackable(field) && (tag & 7) === Wire.bytes) {
    // A second packed run of the same list was joined to the first when it was read.
    if (done < list.length || done === 0) visit(field, tag, done === 0 ? list : tail(list, done));
    return Math.max(list.length, 1);
  }
  if (done < list.length) visit(field, tag, list[done]);
  return done + 1;
}

function tail(list: ArrayLike<unknown>, from: number): unknown[] {
  return Array.prototype.slice.call(list, from) as unknown[];
}

/** Visits a singular field, or the items of a list from `from` on. */
function rest(values: FieldValues, field: Field, from: number, visit: EntryVisitor): void {
  const value = values[field.name];
  if (value === undefined) return;
  if (!field.repeated) {
    visit(field, field.tag, value);
    return;
  }
  const list = value as ArrayLike<unknown>;
  for (let i = from; i < list.length; i++) visit(field, field.tag, list[i]);
}

function knownField(type: MessageType, tag: number): Field | undefined {
  const field = type.byNumber[tag >>> 3];
  return field && accepts(field, tag & 7) ? field : undefined;
}
