/**
 * Typed tensor data while its message is being read. Nearly always it is one packed run, which stays
 * where it lies; several runs, or elements that are not packed, are joined in memory.
 */

import type { Int, Payload } from '../ir/model';
import { payload } from '../ir/tensor';
import type { FieldValues } from './entries';
import { VarintPayload } from './payloads';
import type { ElementKind, Field } from './schema';

type Part = Payload | Int[];

export class ElementLists {
  private readonly parts = new Map<Field, Part[]>();

  /** Adds a packed run; returns the bytes of memory that joining it to others will take. */
  addRun(values: FieldValues, field: Field, run: Payload): number {
    if (values[field.name] === undefined && !this.parts.has(field)) {
      values[field.name] = run;
      return 0;
    }
    this.partsOf(values, field).push(run);
    return run instanceof VarintPayload ? run.encoded.byteLength * run.width : run.byteLength;
  }

  addElement(values: FieldValues, field: Field, element: Int): void {
    const parts = this.partsOf(values, field);
    const last = parts.at(-1);
    if (Array.isArray(last)) last.push(element);
    else parts.push([element]);
  }

  /** Puts the joined lists where the message keeps them. */
  store(values: FieldValues): void {
    for (const [field, parts] of this.parts) {
      values[field.name] = payload(join(parts.map((part) => toBytes(part, field.element!))));
    }
    this.parts.clear();
  }

  private partsOf(values: FieldValues, field: Field): Part[] {
    let parts = this.parts.get(field);
    if (!parts) {
      const before = values[field.name] as Payload | undefined;
      parts = before ? [before] : [];
      this.parts.set(field, parts);
    }
    return parts;
  }
}

function toBytes(part: Part, kind: ElementKind): Uint8Array {
  if (!Array.isArray(part)) return part.read();
  const width = kind === 'float' || kind === 'int32' ? 4 : 8;
  const view = new DataView(new ArrayBuffer(part.length * width));
  part.forEach((value, i) => {
    if (kind === 'float') view.setFloat32(i * 4, Number(value), true);
    else if (kind === 'double') view.setFloat64(i * 8, Number(value), true);
    else if (kind === 'int32') view.setInt32(i * 4, Number(BigInt.asIntN(32, BigInt(value))), true);
    else view.setBigUint64(i * 8, BigInt.asUintN(64, BigInt(value)), true);
  });
  return new Uint8Array(view.buffer);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.byteLength;
  }
  return result;
}
