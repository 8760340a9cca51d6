import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { cloneModel } from '../ir/clone';
import { CoppiceError, isError } from '../ir/issue';
import { elements } from '../ir/tensor';
import { validateModel } from '../ir/validate';
import { arbitraryModel, plain } from './testing/arbitrary-model';
import { allTensors } from './external-data';
import { foreignFormat } from './foreign-format';
import { readModel, readModelFile, type ReadResult } from './read';
import { sharedModel, sharedModels } from './testing/shared-models';
import { encodeModel } from './write';

/** Cases in all; more by `COPPICE_FUZZ=100000`. */
const cases = Number(process.env.COPPICE_FUZZ ?? 10_000);
const folder = mkdtempSync(join(tmpdir(), 'coppice-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('random models', () => {
  test('decoding what was encoded gives the same model', () => {
    const property = fc.property(arbitraryModel(), (model) => {
      const bytes = encodeModel(model);
      fc.pre(foreignFormat(bytes.subarray(0, 512)) === undefined);
      const { model: again, issues } = readModel(bytes);
      expect(issues).toEqual([]);
      expect(plain(again)).toEqual(plain(model));
    });
    fc.assert(property, { numRuns: Math.ceil(cases / 10), seed: 1 });
  }, 600_000);

  test('validation says something about every one of them, or nothing, but does not fail', () => {
    const property = fc.property(arbitraryModel(), (model) => {
      for (const issue of validateModel(model)) expect(issue.message).toMatch(/\.$/);
    });
    fc.assert(property, { numRuns: Math.ceil(cases / 10), seed: 2 });
  }, 600_000);
});

test('a clone is written like its original, and does not change with it', () => {
  const property = fc.property(arbitraryModel(), (model) => {
    const bytes = encodeModel(model);
    const clone = cloneModel(model);
    expect(Buffer.compare(encodeModel(clone), bytes)).toBe(0);
    for (const info of clone.graph?.valueInfo ?? []) info.type = { denotation: 'changed' };
    for (const tensor of clone.graph?.initializer ?? []) tensor.dims.push(7);
    clone.graph?.node.forEach((node) => node.input.push('changed'));
    expect(Buffer.compare(encodeModel(model), bytes)).toBe(0);
  });
  fc.assert(property, { numRuns: 300, seed: 9 });
});

describe('broken bytes', () => {
  test('random bytes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 400 }), survive);
    fc.assert(property, { numRuns: Math.ceil(cases / 5), seed: 3 });
  }, 600_000);

  test('synthetic models with mutations', () => {
    const models = fc.sample(arbitraryModel(), { numRuns: 50, seed: 4 }).map(encodeModel);
    mutate(models, Math.ceil((cases * 3) / 10), 5);
  }, 600_000);

  test.skipIf(sharedModels.length === 0)(
    'real models with mutations (skipped without ../shared/models)',
    () => {
      const names = [
        'light/light_vgg19.onnx',
        'mnist-cntk.onnx',
        'dscnn-kws.onnx',
        'silero-vad-16k.onnx',
      ];
      const models = names.map((name) => new Uint8Array(readFileSync(sharedModel(name))));
      mutate(models, Math.ceil((cases * 3) / 10), 6);
    },
    600_000,
  );

  test('reading from a file finds the same as reading from memory', () => {
    const models = fc.sample(arbitraryModel(), { numRuns: 30, seed: 7 }).map(encodeModel);
    const path = join(folder, 'model.onnx');
    const property = fc.property(fc.constantFrom(...models), mutations(), (bytes, changes) => {
      const broken = apply(bytes, changes);
      writeFileSync(path, broken);
      const fromFile = readModelFile(path);
      const fromMemory = readModel(broken, { folder });
      expect(fromFile.issues.map((each) => ({ ...each, file: undefined }))).toEqual(
        fromMemory.issues.map((each) => ({ ...each, file: undefined })),
      );
      expect(plain(fromFile.model)).toEqual(plain(fromMemory.model));
    });
    fc.assert(property, { numRuns: Math.ceil(cases / 20), seed: 8 });
  }, 600_000);
});

type Change = readonly [
  kind: 'flip' | 'insert' | 'remove' | 'cut' | 'copy',
  at: number,
  value: number,
];

function mutations(): fc.Arbitrary<Change[]> {
  const kind = fc.constantFrom('flip', 'flip', 'flip', 'insert', 'remove', 'cut', 'copy' as const);
  const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const change = fc.tuple(kind, position, fc.integer({ min: 0, max: 255 }));
  return fc.array(change as fc.Arbitrary<Change>, { minLength: 1, maxLength: 8 });
}

function apply(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  let result = Buffer.from(bytes);
  for (const [kind, where, value] of changes) {
    const at = Math.floor(where * result.length);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    if (kind === 'flip' && at < result.length) result[at] = value;
    else if (kind === 'insert') result = Buffer.concat([before, Buffer.from([value]), after]);
    else if (kind === 'remove') result = Buffer.concat([before, after.subarray(1)]);
    else if (kind === 'cut' && value < 64) result = Buffer.from(before);
    else if (kind === 'copy') result = Buffer.concat([before, after.subarray(0, value), after]);
  }
  return new Uint8Array(result);
}

function mutate(models: readonly Uint8Array[], numRuns: number, seed: number): void {
  const property = fc.property(fc.constantFrom(...models), mutations(), (bytes, changes) =>
    survive(apply(bytes, changes)),
  );
  fc.assert(property, { numRuns, seed });
}

/** Whatever the bytes: issues instead of exceptions, and what is written can be read again. */
function survive(bytes: Uint8Array): void {
  const read = readModel(bytes);
  for (const issue of read.issues) {
    expect(issue.code).toMatch(/^[a-z0-9-]+$/);
    expect(issue.message.length).toBeGreaterThan(10);
  }
  validateModel(read.model);
  readSmallTensors(read);
  const once = encodeModel(read.model);
  if (!read.issues.some(isError)) expect(readModel(once).issues.filter(isError)).toEqual([]);
  if (foreignFormat(once.subarray(0, 512))) return;
  expect(Buffer.compare(encodeModel(readModel(once).model), once)).toBe(0);
}

function readSmallTensors({ model }: ReadResult): void {
  let left = 20;
  for (const tensor of allTensors(model)) {
    if (left-- === 0) return;
    try {
      elements(tensor);
    } catch (problem) {
      if (!(problem instanceof CoppiceError)) throw problem;
    }
  }
}
