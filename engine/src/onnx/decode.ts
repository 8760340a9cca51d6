/**
 * From bytes to messages, for every message of the schema alike. Hostile input is expected: depth,
 * memory and the number of problems are bounded, and each problem is told with its place. What can
 * be read around a problem is read.
 */

import type { Issue } from '../ir/issue';
import type { Model, Payload } from '../ir/model';
import { payload } from '../ir/tensor';
import type { ByteSource } from './byte-source';
import { ElementLists } from './element-lists';
import { accepts, defaultTags, type FieldValues } from './entries';
import { SourcePayload, VarintPayload } from './payloads';
import { Hopeless, Malformed, Problems } from './problems';
import { isPackable, modelMessage, Wire, type Field, type MessageType } from './schema';
import { Window } from './window';

/** Real models nest a handful of subgraphs; a graph, a node and an attribute count one each. */
const maxDepth = 64;
/** V8 holds no longer strings than 512 MiB. */
const maxText = 2 ** 28;
/** Payloads up to this size are kept in memory: they spell shapes, and opening the file costs more. */
const smallPayload = 1024;

/** Rough sizes in memory, for the bound on what a file may unfold to. */
const cost = { message: 200, bytes: 120, text: 24, number: 8 } as const;

/** Reads the structure of a model. Weights stay in the source; external data is not looked at. */
export function decodeModel(source: ByteSource): { model: Model; issues: Issue[] } {
  const decoder = new Decoder(source);
  return { model: decoder.decode() as unknown as Model, issues: decoder.problems.issues };
}

interface MessageState {
  readonly type: MessageType;
  readonly values: FieldValues;
  /** Typed data that is not one packed run; made when there is some. */
  elements?: ElementLists;
  /** The order of the tags, once it differs from the one a writer would choose. */
  origin?: { tags: number[]; unknown: (Uint8Array | Payload)[] };
  lastNumber: number;
}

class Decoder {
  readonly problems = new Problems();
  private readonly window: Window;
  private memoryLeft: number;

  constructor(private readonly source: ByteSource) {
    this.window = new Window(source);
    this.memoryLeft = 2 ** 26 + Math.min(16 * source.byteLength, 2 ** 31);
  }

  decode(): FieldValues {
    const model = emptyMessage(modelMessage);
    try {
      this.message(modelMessage, model, this.source.byteLength);
    } catch (problem) {
      if (!(problem instanceof Hopeless)) throw problem;
      this.problems.conclude(problem, this.window.position);
    }
    return model;
  }

  /** Reads up to `end`. A singular message that occurs `again` adds to what it held before. */
  private message(type: MessageType, values: FieldValues, end: number, again = false): void {
    const state: MessageState = { type, values, lastNumber: 0 };
    if (again) this.keepOrder(state);
    try {
      while (this.window.position < end) this.field(state, end);
      if (this.window.position > end) {
        throw new Malformed('malformed-field', 'a field runs past the end of its message');
      }
    } catch (problem) {
      this.recover(problem);
      this.window.seek(end);
    } finally {
      state.elements?.store(values);
      if (state.origin) values.origin = state.origin;
    }
  }

  private field(state: MessageState, end: number): void {
    const start = this.window.position;
    const tag = this.window.tag();
    const wire = tag & 7;
    if (tag >>> 3 === 0) throw new Malformed('malformed-field', 'the field number is 0');
    const field = state.type.byNumber[tag >>> 3];
    if (!field) return this.unknown(state, tag, start, end);
    if (!accepts(field, wire)) {
      this.report(
        'wire-type',
        `has wire type ${wire}, which the field cannot have`,
        field.protoName,
      );
      return this.unknown(state, tag, start, end);
    }
    this.note(state, tag, field);
    const length = wire === Wire.bytes ? this.contentLength(state, field, end) : 0;
    if (field.kind === 'message') this.nested(state, field, length);
    else if (field.kind === 'elements') this.elements(state, field, wire, length);
    else if (!field.repeated) state.values[field.name] = this.scalar(field, length);
    else this.listItem(state.values[field.name] as unknown[], field, wire, length);
  }

  /** Follows the order of the tags; as long as it is the expected one, nothing is kept. */
  private note(state: MessageState, tag: number, field: Field): void {
    const again = field.number === state.lastNumber && field.repeated;
    const expected = tag === field.tag && (field.number > state.lastNumber || again);
    if (!state.origin && !expected) this.keepOrder(state);
    state.origin?.tags.push(tag);
    state.lastNumber = field.number;
  }

  private keepOrder(state: MessageState): NonNullable<MessageState['origin']> {
    state.elements?.store(state.values);
    const known = state.values.origin;
    state.origin ??= {
      tags: known ? [...known.tags] : defaultTags(state.values, state.type),
      unknown: known ? [...known.unknown] : [],
    };
    return state.origin;
  }

  private contentLength(state: MessageState, field: Field, end: number): number {
    const length = this.window.length();
    const left = end - this.window.position;
    if (length <= left) return length;
    const problem = `says it is ${length} bytes long, but only ${left} are left`;
    const list = field.repeated ? (state.values[field.name] as unknown[]) : undefined;
    const name = list ? `${field.protoName}[${list.length}]` : field.protoName;
    if (field.kind !== 'message') throw new Malformed('truncated', `${name} ${problem}`);
    this.report('truncated', problem, name);
    return left;
  }

  private nested(state: MessageState, field: Field, length: number): void {
    const type = field.message!;
    const list = field.repeated ? (state.values[field.name] as FieldValues[]) : undefined;
    const end = this.window.position + length;
    if (this.problems.path.length >= maxDepth) {
      this.report('too-deep', `is nested deeper than ${maxDepth} levels`, field.protoName);
      this.window.seek(end);
      return;
    }
    this.spend(cost.message);
    const known = list ? undefined : (state.values[field.name] as FieldValues | undefined);
    const inner = known ?? emptyMessage(type);
    this.problems.path.push({ field, index: list ? list.length : -1, values: inner });
    if (list) list.push(inner);
    else state.values[field.name] = inner;
    this.message(type, inner, end, known !== undefined);
    this.problems.path.pop();
  }

  private scalar(field: Field, length: number): unknown {
    switch (field.kind) {
      case 'int64':
        return this.window.int();
      case 'int32':
        return Number(this.window.int());
      case 'float':
        return this.window.float();
      case 'string':
        return this.text(field, length);
      case 'payload':
        return this.payload(length);
      default:
        this.spend(cost.bytes + length);
        return this.window.bytes(length);
    }
  }

  private listItem(list: unknown[], field: Field, wire: number, length: number): void {
    if (wire !== Wire.bytes || !isPackable(field)) {
      this.spend(cost.number);
      list.push(this.scalar(field, length));
      return;
    }
    const end = this.window.position + length;
    while (this.window.position < end) {
      this.spend(cost.number);
      list.push(this.scalar(field, 0));
    }
    this.expectEnd(field, end);
  }

  /** Typed tensor data: a packed run stays in the source, single elements are collected. */
  private elements(state: MessageState, field: Field, wire: number, length: number): void {
    if (wire === Wire.bytes) {
      const run = this.payload(length);
      const width = field.element === 'int32' ? 4 : 8;
      const fixed = field.element === 'float' || field.element === 'double';
      if (fixed && length % (field.element === 'float' ? 4 : 8) !== 0) {
        this.report('malformed-field', `is no whole number of ${field.element}s`, field.protoName);
      }
      const made = fixed ? run : new VarintPayload(run, width);
      if (state.values[field.name] === undefined && !state.elements) {
        state.values[field.name] = made;
        return;
      }
      state.elements ??= new ElementLists();
      this.spend(state.elements.addRun(state.values, field, made));
      return;
    }
    this.spend(2 * cost.number);
    state.elements ??= new ElementLists();
    state.elements.addElement(state.values, field, this.element(field));
  }

  private element(field: Field): number | bigint {
    if (field.element === 'float') return this.window.float();
    if (field.element === 'double') return this.window.double();
    return field.element === 'uint64' ? this.window.unsigned() : this.window.int();
  }

  private text(field: Field, length: number): string {
    if (length > maxText) throw new Malformed('too-large', `${field.protoName} is too long a text`);
    this.spend(cost.text + length);
    const { text, valid } = this.window.text(length);
    if (!valid) {
      const severity = field.name === 'docString' ? 'warning' : 'error';
      this.report('invalid-utf8', 'is not valid UTF-8', field.protoName, severity);
    }
    return text;
  }

  private payload(length: number): Payload {
    if (length <= smallPayload) {
      this.spend(cost.bytes + length);
      return payload(this.window.bytes(length));
    }
    const at = this.window.position;
    this.window.seek(at + length);
    return new SourcePayload(this.source, at, length);
  }

  /** Keeps a field that the schema does not know, tag included. */
  private unknown(state: MessageState, tag: number, start: number, end: number): void {
    const { window } = this;
    const wire = tag & 7;
    if (wire === Wire.varint) window.int();
    else if (wire === Wire.fixed64) window.seek(window.position + 8);
    else if (wire === Wire.fixed32) window.seek(window.position + 4);
    else if (wire === Wire.bytes) {
      const length = window.length();
      window.seek(window.position + length);
    } else {
      throw new Malformed('wire-type', `a field has wire type ${wire}, which ONNX does not use`);
    }
    const after = window.position;
    if (after > end) {
      window.seek(start);
      throw new Malformed('truncated', `unknown field ${tag >>> 3} runs past the end`);
    }
    const origin = this.keepOrder(state);
    origin.tags.push(tag);
    origin.unknown.push(this.keep(start, after));
    window.seek(after);
  }

  private keep(start: number, end: number): Uint8Array | Payload {
    this.spend(cost.message);
    if (end - start > smallPayload) return new SourcePayload(this.source, start, end - start);
    this.window.seek(start);
    return this.window.bytes(end - start).slice();
  }

  private expectEnd(field: Field, end: number): void {
    if (this.window.position === end) return;
    throw new Malformed('malformed-field', `${field.protoName} ends in the middle of an element`);
  }

  private spend(bytes: number): void {
    this.memoryLeft -= bytes;
    if (this.memoryLeft >= 0) return;
    throw new Hopeless(
      'too-large',
      'The file unfolds to many times its size, as no real model does; the rest was not read.',
    );
  }

  private recover(problem: unknown): void {
    if (problem instanceof Hopeless) throw problem;
    if (problem instanceof Malformed) return this.report(problem.code, problem.message);
    // The wire reader says out of range for a field that ends with the file, anything else for bad varints.
    if (problem instanceof RangeError) {
      return this.report('truncated', 'the file ends in the middle of a field');
    }
    const { message } = problem as Error;
    if (!/varint|tag|length/.test(message)) throw problem;
    this.report('malformed-field', `holds an ${message}`);
  }

  private report(code: string, problem: string, leaf?: string, severity?: Issue['severity']): void {
    this.problems.report({ code, problem, leaf, severity, offset: this.window.position });
  }
}

function emptyMessage(type: MessageType): FieldValues {
  const values: FieldValues = {};
  for (const name of type.lists) values[name] = [];
  return values;
}
