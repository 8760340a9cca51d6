import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyGraph } from '../ir/empty-graph';
import type { Model, StringEntry, Tensor } from '../ir/model';
import { floats, makeTensor } from '../ir/tensor';
import { readModel, readModelFile } from './read';
import { sharedModel, sharedModels } from './testing/shared-models';
import { encodeModel, writeModelFile } from './write';

const root = mkdtempSync(join(tmpdir(), 'coppice-external-'));
const folder = join(root, 'model');
const path = join(folder, 'model.onnx');
const weights = Float32Array.from({ length: 2000 }, (_, i) => i / 7);

beforeAll(() => {
  mkdirSync(join(folder, 'inner'), { recursive: true });
  const bytes = new Uint8Array(weights.buffer);
  for (const name of ['w.bin', 'inner/w.bin', '../outside.bin', 'original.bin']) {
    writeFileSync(join(folder, name), bytes);
  }
  symlinkSync('../outside.bin', join(folder, 'leaves.bin'));
  symlinkSync('inner/w.bin', join(folder, 'stays.bin'));
  symlinkSync('..', join(folder, 'up'));
  linkSync(join(folder, 'original.bin'), join(folder, 'hard.bin'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('reading', () => {
  test.each([['w.bin'], ['./w.bin'], ['inner/w.bin'], ['stays.bin']])(
    '%s is accepted',
    (location) => {
      const { model, issues } = readWith({ location, offset: '4000', length: '4000' });
      expect(issues).toEqual([]);
      expect(floats(model.graph!.initializer[0])).toEqual(weights.subarray(1000));
    },
  );

  test.each([
    ['an absolute path', '/etc/passwd', /absolute/],
    ['a way out', '../outside.bin', /"\.\."/],
    ['a way out and in again', 'inner/../w.bin', /"\.\."/],
    ['a link out', 'leaves.bin', /link that leads outside/],
    ['a linked folder', 'up/outside.bin', /link that leads outside/],
    ['a hard link', 'hard.bin', /hard-linked/],
    ['a backslash', '..\\outside.bin', /backslash/],
    ['a drive letter', 'C:w.bin', /drive letter/],
    ['a NUL byte', 'w.bin\0.txt', /NUL/],
    ['nothing', '', /no location/],
    ['a missing file', 'missing.bin', /does not exist/],
    ['a folder', 'inner', /is a folder/],
    ['the folder itself', '.', /outside|folder/],
  ])('%s is refused', (_, location, reason) => {
    const { model, issues } = readWith({ location, offset: '4000', length: '4000' });
    expect(issues).toMatchObject([
      { severity: 'error', code: 'external-data', value: 'w', file: path },
    ]);
    expect(issues[0].message).toMatch(reason);
    expect(model.graph!.initializer[0].external).toBeUndefined();
  });

  test.each([
    ['an offset past the end', '8004', '4000', /has only 8000/],
    ['a length past the end', '4000', '4001', /has only 8000/],
    ['a huge offset', '9007199254740991', '4000', /has only 8000/],
    ['an offset beyond any number', '99999999999999999999', '4000', /no byte position/],
    ['a negative offset', '-4', '4000', /no byte position/],
    ['a length in words', '0', 'all', /no number of bytes/],
    ['a fractional length', '0', '1.5', /no number of bytes/],
  ])('%s is refused', (_, offset, length, reason) => {
    const { issues } = readWith({ location: 'w.bin', offset, length });
    expect(issues).toMatchObject([{ code: 'external-data' }]);
    expect(issues[0].message).toMatch(reason);
  });

  test('without a length the tensor takes what its shape needs', () => {
    const { model, issues } = readWith({ location: 'w.bin' });
    expect(issues).toEqual([]);
    expect(floats(model.graph!.initializer[0])).toEqual(weights.subarray(0, 1000));
  });

  test('a model in memory has no folder, and keeps its references', () => {
    const bytes = encodeModel(modelWith(externalTensor({ location: 'w.bin' })));
    const { model, issues } = readModel(bytes);
    expect(issues).toEqual([]);
    expect(model.graph!.initializer[0].external).toBeUndefined();
    expect(encodeModel(model)).toEqual(bytes);
  });
});

describe('writing', () => {
  const small = makeTensor('small', 'float', [4], [1, 2, 3, 4]);
  const medium = makeTensor('medium', 'float', [300], weights.subarray(0, 300));
  const big = makeTensor('big', 'double', [20_000], new Float64Array(20_000).fill(0.5));
  const target = join(root, 'written.onnx');

  test('large tensors move to the data file, big ones to a page of their own', () => {
    const model = modelWith(small, medium, big, { ...big, name: 'shared' });
    writeModelFile(model, target, { externalData: true });
    const read = readModelFile(target);
    expect(read.issues).toEqual([]);
    const [first, second, third, fourth] = read.model.graph!.initializer;
    expect(first.external).toBeUndefined();
    expect(floats(first)).toEqual(new Float32Array([1, 2, 3, 4]));
    expect(entries(second)).toEqual({ location: 'written.onnx.data', offset: '0', length: '1200' });
    expect(Number(entries(third).offset) % 4096).toBe(0);
    expect(entries(fourth)).toEqual(entries(third));
    expect(floats(second)).toEqual(weights.subarray(0, 300));
    expect(third.external!.read()).toEqual(big.rawData!.read());
    expect(statSync(`${target}.data`).size).toBe(4096 + 160_000);
    expect(medium.rawData).toBeDefined();
  });

  test('a model that had external data keeps it, also when it is written over itself', () => {
    writeModelFile(modelWith(small, medium, big), target, { externalData: true });
    const { model } = readModelFile(target);
    model.graph!.initializer[1] = makeTensor('medium', 'float', [300], weights.subarray(300, 600));
    writeModelFile(model, target);
    const again = readModelFile(target);
    expect(again.issues).toEqual([]);
    expect(floats(again.model.graph!.initializer[1])).toEqual(weights.subarray(300, 600));
    expect(again.model.graph!.initializer[2].external!.read()).toEqual(big.rawData!.read());
  });

  test('it can be brought inside', () => {
    writeModelFile(modelWith(small, medium, big), target, { externalData: true });
    const inline = join(root, 'inline.onnx');
    writeModelFile(readModelFile(target).model, inline, { externalData: false });
    const { model } = readModelFile(inline);
    expect(model.graph!.initializer.map((tensor) => tensor.dataLocation)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(model.graph!.initializer[2].rawData!.read()).toEqual(big.rawData!.read());
    expect(readdirSync(root)).not.toContain('inline.onnx.data');
  });

  test('a checksum of the old file goes, other entries stay', () => {
    const { model } = readWith({ location: 'w.bin', checksum: 'abc', basepath: 'kept' });
    writeModelFile(model, target);
    expect(entries(readModelFile(target).model.graph!.initializer[0])).toEqual({
      location: 'written.onnx.data',
      basepath: 'kept',
      offset: '0',
      length: '4000',
    });
  });

  test('data that was refused cannot be written elsewhere', () => {
    const { model } = readWith({ location: '/etc/passwd' });
    expect(() => writeModelFile(model, target)).toThrow(/external data of tensor "w" was not read/);
  });

  test('a failure leaves everything as it was', () => {
    writeModelFile(modelWith(medium, big), target, { externalData: true });
    const before = [readFileSync(target), readFileSync(`${target}.data`)];
    const failing: Tensor = {
      ...small,
      rawData: {
        byteLength: 5000,
        read: () => {
          throw new Error('the disk went away');
        },
      },
    };
    const names = readdirSync(root);
    for (const externalData of [true, false]) {
      const write = (): void => writeModelFile(modelWith(big, failing), target, { externalData });
      expect(write).toThrow(/cannot be written/);
      expect([readFileSync(target), readFileSync(`${target}.data`)]).toEqual(before);
      expect(readdirSync(root)).toEqual(names);
    }
  });

  test('when the model cannot take its place, the old data comes back', () => {
    const blocked = join(root, 'blocked.onnx');
    mkdirSync(blocked);
    writeFileSync(`${blocked}.data`, 'old');
    expect(() => writeModelFile(modelWith(big), blocked, { externalData: true })).toThrow(
      /cannot be written/,
    );
    expect(readFileSync(`${blocked}.data`, 'utf8')).toBe('old');
    expect(readdirSync(root).filter((name) => name.startsWith('blocked'))).toHaveLength(2);
  });

  test('a folder that does not exist is named', () => {
    expect(() => writeModelFile(modelWith(small), join(root, 'no', 'model.onnx'))).toThrow(
      /no\/model\.onnx cannot be written \(ENOENT\)/,
    );
  });

  test.skipIf(sharedModels.length === 0)(
    'a real model keeps every weight (skipped without ../shared/models)',
    () => {
      const { model } = readModelFile(sharedModel('resnet56-cifar10-bn-extdata.onnx'));
      writeModelFile(model, target);
      const again = readModelFile(target).model;
      const alone = readModel(encodeModel(model)).model;
      model.graph!.initializer.forEach((tensor, i) => {
        expect(floats(again.graph!.initializer[i])).toEqual(floats(tensor));
        expect(floats(alone.graph!.initializer[i])).toEqual(floats(tensor));
        expect(again.graph!.initializer[i].dataLocation).toBe(tensor.dataLocation);
      });
    },
  );
});

function readWith(external: Record<string, string>): ReturnType<typeof readModelFile> {
  writeFileSync(path, encodeModel(modelWith(externalTensor(external))));
  return readModelFile(path);
}

function externalTensor(external: Record<string, string>): Tensor {
  const tensor = makeTensor('w', 'float', [1000], []);
  const externalData: StringEntry[] = Object.entries(external).map(([key, value]) => ({
    key,
    value,
  }));
  return { ...tensor, rawData: undefined, externalData, dataLocation: 1 };
}

function entries(tensor: Tensor): Record<string, string | undefined> {
  return Object.fromEntries(tensor.externalData.map(({ key, value }) => [key!, value]));
}

function modelWith(...initializer: Tensor[]): Model {
  const graph = {
    ...emptyGraph(),
    initializer,
  };
  return { irVersion: 10, graph, opsetImport: [], metadataProps: [], functions: [] };
}
