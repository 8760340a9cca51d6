import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model, Tensor } from '../../ir/model';
import { elements, payload } from '../../ir/tensor';
import { allGraphs } from '../../ir/traverse';
import { readModelFile } from '../read';
import { emptyMessage, fields, isMessage, type Field, type MessageKind } from './fields';
import { parseModel } from './parse';
import { printModel } from './print';
import { payloadsOf, storedBytes } from './stored-bytes';

const models = '../shared/models';
const files = ['.', 'light']
  .map((folder) => join(models, folder))
  .filter(existsSync)
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.onnx'));

describe.skipIf(files.length === 0)('text of every model in ../shared/models', () => {
  it.each(files)('%s', (path) => {
    const { model } = readModelFile(path);
    const text = printModel(model);
    const back = parseModel(text);
    expect(back.issues).toEqual([]);
    expect(plain('model', back.model)).toEqual(plain('model', model));
    expect(printModel(back.model)).toBe(text);
    const [graph, backGraph] = [[...allGraphs(model)], [...allGraphs(back.model)]];
    graph.forEach((each, i) => sameElements(each.initializer, backGraph[i].initializer));
  });
});

describe('text of random models', () => {
  it('reads back to the same model, and prints the same again', () => {
    fc.assert(
      fc.property(message('model', 4), (value) => {
        const model = value as unknown as Model;
        const text = printModel(model);
        const back = parseModel(text);
        expect(back.issues).toEqual([]);
        expect(plain('model', back.model)).toEqual(plain('model', model));
        expect(printModel(back.model)).toBe(text);
      }),
      { numRuns: 600 },
    );
  });

  it.each(Array.from({ length: 26 }, (_, i) => i + 1).filter((code) => code !== 8))(
    'keeps every bit of tensors of type code %i',
    (code) => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
          const perByte: Record<number, number> = { 21: 2, 22: 2, 23: 2, 25: 4, 26: 4 };
          const size = sizes[code] ?? 1 / perByte[code];
          const tensor = { ...emptyMessage('tensor'), name: 'w', dims: [64 / size] };
          const model = modelWith({ ...tensor, dataType: code, rawData: payload(bytes) } as Tensor);
          const back = parseModel(printModel(model));
          expect(back.issues).toEqual([]);
          expect(back.model.graph!.initializer[0].rawData!.read()).toEqual(bytes);
        }),
        { numRuns: 50 },
      );
    },
  );
});

/** Bytes of an element, for the types of 8 bits and more. */
const sizes: Record<number, number> = {
  ...{ 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16 },
  ...{ 16: 2, 17: 1, 18: 1, 19: 1, 20: 1, 24: 1 },
};

function modelWith(tensor: Tensor): Model {
  const graph = { ...emptyMessage('graph'), name: 'g', initializer: [tensor] };
  return { ...emptyMessage('model'), graph } as unknown as Model;
}

function sameElements(before: readonly Tensor[], after: readonly Tensor[]): void {
  before.forEach((tensor, i) => {
    if (tensor.dataLocation === 1) return;
    const [is, was] = [elements(after[i]), elements(tensor)];
    // Compared as bytes: comparing arrays element by element would take minutes.
    expect(
      Buffer.compare(Buffer.from(is.buffer, is.byteOffset, is.byteLength), bufferOf(was)),
    ).toBe(0);
  });
}

function bufferOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

type Plain = Record<string, unknown>;

/** A message without its wire form: payloads as text, tensors as if all of them were stored raw. */
function plain(kind: MessageKind, message: object): Plain {
  const made: Plain = {};
  for (const [name, field] of Object.entries(fields[kind])) {
    const value = (message as Plain)[name];
    if (value === undefined) continue;
    made[name] = field.repeated
      ? Array.from(value as unknown[], (each) => plainValue(field, each))
      : plainValue(field, value);
  }
  if (kind !== 'tensor') return made;
  const tensor = message as Tensor;
  const bytes = tensor.stringData.length > 0 ? undefined : storedBytes(tensor);
  const empty = ['rawData', 'floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data'];
  for (const field of empty) {
    if (bytes || !payloadsOf(tensor).includes(field as 'rawData'))
      Reflect.deleteProperty(made, field);
  }
  return bytes ? { ...made, rawData: Buffer.from(bytes).toString('base64') } : made;
}

function plainValue({ kind }: Field, value: unknown): unknown {
  if (isMessage(kind)) return plain(kind, value as object);
  if (kind === 'float') return Math.fround(value as number);
  if (kind === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (kind === 'payload')
    return Buffer.from((value as Tensor['rawData'])!.read()).toString('base64');
  return value;
}

/** Any message at all, sensible or not: each field may be absent, and holds anything of its kind. */
function message(kind: MessageKind, depth: number): fc.Arbitrary<Plain> {
  const entries = Object.entries(fields[kind]).filter(
    ([, field]) => depth > 0 || field.repeated || !isMessage(field.kind),
  );
  const record = Object.fromEntries(
    entries.map(([name, field]) => {
      const value =
        depth > 0 || !isMessage(field.kind)
          ? fieldValue(kind, name, field, depth - 1)
          : fc.constant([]);
      if (!field.repeated) return [name, fc.option(value, { nil: undefined })];
      return [name, isMessage(field.kind) && depth <= 0 ? value : list(name, value)];
    }),
  );
  return fc.record(record).map((made) => {
    for (const [name, value] of Object.entries(made)) {
      if (value === undefined) Reflect.deleteProperty(made, name);
    }
    return made;
  });
}

function list(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> {
  return fc.array(value, { maxLength: name === 'floats' || name === 'dims' ? 4 : 2 });
}

function fieldValue(
  kind: MessageKind,
  name: string,
  field: Field,
  depth: number,
): fc.Arbitrary<unknown> {
  if (isMessage(field.kind)) return message(field.kind, depth);
  if (name === 'type') return fc.integer({ min: 0, max: 15 });
  if (/^(dataType|elemType|keyType)$/.test(name)) return fc.integer({ min: 0, max: 27 });
  if (kind === 'tensor' && name === 'dims') return fc.constantFrom(0, 1, 2, 3, -1);
  switch (field.kind) {
    case 'int':
      return fc.oneof(
        fc.integer(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(asInt),
      );
    case 'float':
      return fc.float();
    case 'bytes':
      return fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
        fc.uint8Array({ maxLength: 8 }),
      );
    case 'payload':
      return fc
        .oneof(fc.uint8Array({ maxLength: 16 }), fc.float().map(floatBytes))
        .map((bytes) => payload(bytes));
    default:
      return fc.oneof(
        fc.constantFrom(
          'x',
          'conv1',
          '/layer/Conv_output_0',
          'float',
          'seq',
          'nan',
          '',
          'a.b',
          '1',
        ),
        fc.string({ unit: 'binary', maxLength: 6 }),
        fc.constantFrom('#: {"name":"no"}', 'a"b\\c', 'line\nline', '\ufeff'),
      );
  }
}

function asInt(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function floatBytes(value: number): Uint8Array {
  return new Uint8Array(Float32Array.of(value).buffer);
}
