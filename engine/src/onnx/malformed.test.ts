import {
  ftruncateSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writer } from 'protobufjs/minimal';
import { afterAll, describe, expect, test } from 'vitest';
import type { Issue } from '../ir/issue';
import { makeTensor } from '../ir/tensor';
import { loadModel } from './load';
import { readModel, readModelFile } from './read';
import { encodeModel } from './write';

const folder = mkdtempSync(join(tmpdir(), 'coppice-malformed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Wraps contents, innermost first, into length-delimited fields with these numbers. */
function nested(content: Uint8Array, ...numbers: number[]): Uint8Array {
  return numbers.reduceRight<Uint8Array>(
    (inner, number) =>
      new Writer()
        .uint32((number << 3) | 2)
        .bytes(inner)
        .finish(),
    content,
  );
}

function issuesOf(bytes: Uint8Array): Issue[] {
  return readModel(bytes).issues;
}

describe('what is wrong is named, with its place', () => {
  const attribute = new Writer().uint32(10).string('axis');

  test('a truncated file', () => {
    const whole = nested(new Writer().uint32(26).string('conv').finish(), 7, 1);
    const issues = issuesOf(whole.subarray(0, whole.length - 2));
    expect(issues.map((issue) => issue.code)).toEqual(['truncated', 'truncated', 'truncated']);
    expect(issues[0]).toMatchObject({ offset: 2, severity: 'error' });
    expect(issues[0].message).toMatch(/^At byte 2, graph: says it is 8 bytes long, but only 6 are/);
    expect(issues[1].message).toMatch(/graph\.node\[0\]/);
  });

  test('a length beyond every file', () => {
    const bytes = new Writer()
      .uint32(58)
      .uint64(2 ** 52)
      .finish();
    expect(issuesOf(bytes)).toMatchObject([{ code: 'truncated' }]);
  });

  test('a wrong wire type, kept as it is', () => {
    const bytes = nested(
      attribute
        .uint32((20 << 3) | 5)
        .fixed32(7)
        .finish(),
      7,
      1,
      5,
    );
    const { model, issues } = readModel(bytes);
    expect(issues).toMatchObject([{ code: 'wire-type' }]);
    expect(issues[0].message).toMatch(/graph\.node\[0\]\.attribute\[0\]\.type: has wire type 5/);
    expect(encodeModel(model)).toEqual(bytes);
  });

  test.each([
    ['a group', [(3 << 3) | 3], /wire type 3/],
    ['an unknown wire type', [(3 << 3) | 6], /wire type 6/],
    ['field number 0', [2, 1, 0], /field number is 0/],
    ['an endless varint', [120, ...new Array<number>(12).fill(255)], /varint/],
  ])('%s', (_, bytes, reason) => {
    const issues = issuesOf(nested(Uint8Array.from(bytes), 7, 1));
    expect(issues.length).toBeGreaterThan(0);
    expect(issues[0].message).toMatch(reason);
    expect(issues[0].message).toMatch(/graph\.node\[0\]/);
  });

  test('text that is not UTF-8', () => {
    const issues = issuesOf(nested(Uint8Array.of(0x66, 0xff, 0x66), 7, 1, 4));
    expect(issues).toMatchObject([{ code: 'invalid-utf8', severity: 'error' }]);
    expect(issues[0].message).toMatch(/graph\.node\[0\]\.op_type/);
    expect(issuesOf(nested(Uint8Array.of(0xff), 7, 10))).toMatchObject([{ severity: 'warning' }]);
  });

  test('a problem does not hide what follows it', () => {
    const good = new Writer().uint32(26).string('after').finish();
    const graph = new Writer()
      .uint32(10)
      .bytes(Uint8Array.of(0, 0))
      .uint32(10)
      .bytes(good)
      .finish();
    const { model, issues } = readModel(nested(graph, 7));
    expect(issues).toHaveLength(1);
    expect(model.graph!.node[1].name).toBe('after');
  });

  test('the node is named', () => {
    const node = new Writer()
      .uint32(26)
      .string('conv1')
      .uint32(42)
      .bytes(Uint8Array.of(0))
      .finish();
    expect(issuesOf(nested(node, 7, 1))).toMatchObject([{ node: 'conv1' }]);
  });
});

describe('bombs', () => {
  test('deep nesting stops at a limit', () => {
    let bytes = new Uint8Array();
    for (let i = 0; i < 2000; i++) bytes = nested(bytes, 1, 5, 6) as Uint8Array<ArrayBuffer>;
    const issues = issuesOf(nested(bytes, 7));
    expect(issues).toMatchObject([{ code: 'too-deep' }]);
  });

  test('a file that unfolds to many times its size is given up', () => {
    const nodes = new Uint8Array(2 ** 22);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 10;
    const { model, issues } = readModel(nested(nodes, 7));
    expect(issues.map((issue) => issue.code)).toEqual(['too-large']);
    expect(model.graph!.node.length).toBeLessThan(800_000);
  });

  test('the list of problems is bounded', () => {
    const nodes = new Uint8Array(9000);
    for (let i = 0; i < nodes.length; i += 3) nodes.set([10, 1, 0], i);
    expect(issuesOf(nested(nodes, 7))).toHaveLength(51);
  });

  test('a tensor of impossible dimensions costs nothing', () => {
    const tensor = { ...makeTensor('w', 'float', [1], [1]), dims: [2 ** 40, 2 ** 40] };
    const graph = readModel(nested(new Uint8Array(), 7)).model.graph!;
    const model = { opsetImport: [], metadataProps: [], functions: [], graph };
    graph.initializer.push(tensor);
    expect(readModel(encodeModel(model)).model.graph!.initializer[0].dims).toEqual([
      2 ** 40,
      2 ** 40,
    ]);
  });
});

describe('files that are something else', () => {
  test.each([
    [
      'a git-lfs pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n',
      'git-lfs-pointer',
    ],
    ['a web page', '<!DOCTYPE html>\n<html><body>Not found</body></html>', 'text-file'],
    ['text in other scripts', 'это не модель, это текст', 'text-file'],
    ['a PyTorch checkpoint', 'PK\x03\x04rest', 'not-onnx'],
    ['a TensorFlow Lite model', '\x1c\0\0\0TFL3', 'not-onnx'],
    ['an empty file', '', 'empty-file'],
  ])('%s', (_, text, code) => {
    const path = join(folder, 'other.onnx');
    writeFileSync(path, text, text.includes('это') ? 'utf8' : 'latin1');
    const { model, issues } = loadModel(path);
    expect(model.graph).toBeUndefined();
    expect(issues).toMatchObject([{ severity: 'error', code, file: path }]);
  });

  test('what cannot be opened is an error', () => {
    expect(() => readModelFile(join(folder, 'none.onnx'))).toThrow(/does not exist/);
    expect(() => readModelFile(folder)).toThrow(/is a folder/);
    expect(() => readModelFile('/dev/null')).toThrow(/not a regular file/);
  });
});

test('a file far beyond 4 GiB is read without its weights', () => {
  const path = join(folder, 'huge.onnx');
  const weights = 5 * 2 ** 30;
  const tensor = Buffer.from([...new Writer().uint32(66).string('w').finish(), 74]);
  const length = (value: number): Uint8Array => new Writer().uint64(value).finish();
  const tensorLength = tensor.length + length(weights).length + weights;
  const node = new Writer().uint32(10).fork().uint32(26).string('last').ldelim().finish();
  const graphLength = 1 + length(tensorLength).length + tensorLength + node.length;
  const start = Buffer.concat(
    [[58], length(graphLength), [42], length(tensorLength), tensor, length(weights)].map((part) =>
      Buffer.from(part),
    ),
  );
  const file = openSync(path, 'w');
  writeSync(file, start);
  writeSync(file, node, 0, node.length, start.length + weights);
  ftruncateSync(file, start.length + weights + node.length);
  closeSync(file);
  const { model, issues } = readModelFile(path);
  expect(issues).toEqual([]);
  expect(model.graph!.node.map((each) => each.name)).toEqual(['last']);
  expect(model.graph!.initializer[0].rawData!.byteLength).toBe(weights);
});
