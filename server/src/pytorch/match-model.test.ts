/** Sources against the real models that were exported from such sources. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceDocument } from '../documents/source-document';
import { readModel } from '../models/reading';
import { layerLines } from './layer-lines';
import { matchModel } from './match-model';

const root = resolve(__dirname, '../../..');
const shared = resolve(root, '../shared/models');

function documentOf(path: string): SourceDocument {
  return new SourceDocument(`file://${path}`, path, 'python', 1, readFileSync(path, 'utf8'));
}

/** Each line that makes layers with the names behind it. */
function lines(source: string, model: string): Record<string, string[]> {
  const document = documentOf(source);
  const match = matchModel(document.modules, readModel(model).inspection!);
  return Object.fromEntries(
    layerLines(document.modules, match).map(({ target, from, instances }) => [
      `${document.lines.lineAt(from) + 1} ${document.text.slice(target.from, target.to).split('(')[0]}`,
      instances.flat().map(({ name }) => name),
    ]),
  );
}

const fashion = join(root, 'examples/fashion/fashion_net.py');
const resnet = resolve(__dirname, '../../test-fixtures/python-resnet/input.py');

describe('the example', () => {
  const found = lines(fashion, join(root, 'examples/fashion/models/fashion.onnx'));

  it('has layers behind every line that makes one', () => {
    const text = readFileSync(fashion, 'utf8').split('\n');
    const made = text.flatMap((line, i) =>
      /nn\.(Conv2d|BatchNorm2d|Linear)\(/.test(line) ? i + 1 : [],
    );
    expect(Object.keys(found).map((key) => Number.parseInt(key))).toEqual(
      expect.arrayContaining(made),
    );
  });

  it('tells the layers of the network from those of its blocks', () => {
    expect(found['35 self.conv1']).toEqual(['conv1']);
    expect(found['13 self.conv1']).toEqual([
      ...['layer1.0.conv1', 'layer2.0.conv1', 'layer2.1.conv1', 'layer3.0.conv1', 'layer3.1.conv1'],
    ]);
  });

  it('finds the items of a container by their position', () => {
    expect(found['20 nn.Conv2d']).toEqual(['layer2.0.shortcut.0', 'layer3.0.shortcut.0']);
    expect(found['21 nn.BatchNorm2d']).toEqual(['layer2.0.shortcut.1', 'layer3.0.shortcut.1']);
  });
});

describe.skipIf(!existsSync(shared))('residual networks (needs ../shared/models)', () => {
  it.each([
    ['resnet20-cifar10-bn.onnx', 9],
    ['resnet32-cifar10-bn-rawexport.onnx', 15],
    ['resnet56-cifar10-bn.onnx', 27],
    ['resnet20-cifar10-folded.onnx', 9],
  ])('%s has %i blocks', (model, blocks) => {
    const found = lines(resnet, join(shared, model));
    expect(found['20 self.conv1']).toHaveLength(blocks);
    expect(found['22 self.conv2']).toHaveLength(blocks);
    expect(found['38 self.conv1']).toHaveLength(1);
    expect(found['43 self.linear']).toHaveLength(1);
    // Folded normalization has no layers left to show.
    expect(found['21 self.bn1']?.length ?? 0).toBe(model.includes('folded') ? 0 : blocks);
  });

  it.each(['mobilenet_v2_1.0_224-fp32.onnx', 'dscnn-kws.onnx', 'silero-vad-16k.onnx'])(
    'does not take %s for one',
    (model) => {
      expect(lines(resnet, join(shared, model))).toEqual({});
    },
  );
});
