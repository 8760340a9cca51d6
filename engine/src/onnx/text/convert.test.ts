import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { elements } from '../../ir/tensor';
import { loadModel, saveModel } from '../load';

const folder = mkdtempSync(join(tmpdir(), 'coppice-text-'));
afterAll(() => rmSync(folder, { recursive: true }));

const external = '../shared/models/resnet56-cifar10-bn-extdata.onnx';
describe.skipIf(!existsSync(external))('a model of ../shared/models with external data', () => {
  it('becomes a text that stands alone, and binary again', () => {
    const { model } = loadModel(external);
    const [text, binary] = ['a.onnxtxt', 'a.onnx'].map((name) => join(folder, name));
    saveModel(model, text);
    const fromText = loadModel(text);
    expect(fromText.issues).toEqual([]);
    saveModel(fromText.model, binary);
    const again = loadModel(binary).model.graph!.initializer;
    model.graph!.initializer.forEach((tensor, i) => {
      expect(again[i].name).toBe(tensor.name);
      expect(bytesOf(elements(again[i])).equals(bytesOf(elements(tensor)))).toBe(true);
    });
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

const written =
  '<ir_version: 8, opset_import: ["": 17]>\ng () => () <float[2] w = ["location": "w.bin"]> {}';

it('finds the external data that a text refers to beside it', () => {
  writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(1, 2).buffer));
  const text = join(folder, 'hand.onnxtext');
  writeFileSync(text, written);
  const { model } = loadModel(text);
  expect(Array.from(elements(model.graph!.initializer[0]) as Float32Array)).toEqual([1, 2]);
});

it('names the file in the issues of a text', () => {
  const text = join(folder, 'bad.onnxtxt');
  writeFileSync(text, 'g () => (');
  const { issues } = loadModel(text);
  expect(issues[0].message).toMatch(/^Line 1, column 10: expected/);
  expect(basename(issues[0].file!)).toBe('bad.onnxtxt');
});
