import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isError } from '../ir/issue';
import { loadModel, saveModel } from './load';
import { sharedModel, sharedModels } from './testing/shared-models';
import { encodeModel } from './write';

const folder = mkdtempSync(join(tmpdir(), 'coppice-load-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = `<ir_version: 8, opset_import: ["" : 17]>
small (float[1, 4] x) => (float[1, 4] y)
<float[4] w = {1, 2, 3, 4}>
{
  a = Add (x, w)
  y = Relu (a)
}
`;

test.each(['.onnxtxt', '.onnxtext', '.ONNXTXT'])('%s is text', (extension) => {
  const path = join(folder, `model${extension}`);
  writeFileSync(path, text);
  const { model, issues } = loadModel(path);
  expect(issues).toEqual([]);
  const binary = join(folder, 'model.onnx');
  saveModel(model, binary);
  const again = loadModel(binary);
  expect(again.issues).toEqual([]);
  saveModel(again.model, path);
  expect(Buffer.compare(encodeModel(loadModel(path).model), encodeModel(model))).toBe(0);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a model that breaks the rules of ONNX says so, with its file', () => {
  const path = join(folder, 'dangling.onnxtxt');
  writeFileSync(path, text.replace('Relu (a)', 'Relu (b)'));
  const binary = join(folder, 'dangling.onnx');
  saveModel(loadModel(path).model, binary);
  for (const file of [path, binary]) {
    expect(loadModel(file).issues.filter(isError)).toMatchObject([
      { code: 'dangling-input', value: 'b', file },
    ]);
  }
});

test('what is missing because the file is broken is not reported again', () => {
  const path = join(folder, 'model.onnxtxt');
  writeFileSync(path, text);
  const binary = join(folder, 'cut.onnx');
  saveModel(loadModel(path).model, binary);
  const bytes = readFileSync(binary);
  writeFileSync(binary, bytes.subarray(0, bytes.length >> 1));
  const codes = new Set(loadModel(binary).issues.map((issue) => issue.code));
  expect(codes).toEqual(new Set(['truncated']));
});

describe.skipIf(sharedModels.length === 0)(
  'models of ../shared/models (skipped without them)',
  () => {
    test.each(sharedModels.map((path) => [basename(path), path]))(
      '%s keeps the rules',
      (_, path) => {
        expect(loadModel(path).issues).toEqual([]);
      },
    );

    test('external data lies beside the model that names it', () => {
      const { model } = loadModel(sharedModel('resnet56-cifar10-bn-extdata.onnx'));
      const external = model.graph!.initializer.filter((tensor) => tensor.external);
      expect(external.length).toBeGreaterThan(50);
      for (const tensor of external) {
        expect(tensor.external!.read().byteLength).toBe(tensor.external!.byteLength);
      }
    });
  },
);
