/** Whole trained models, simplified: they load, have the inferred shapes, and compute the same. */

import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleShapes } from '../../inspect/sized-types';
import type { Model } from '../../ir/model';
import { validateModel } from '../../ir/validate';
import { seededRandom } from '../../linalg/random';
import { sharedModels } from '../../onnx/testing/shared-models';
import { readModelFile } from '../../onnx/read';
import { encodeModel } from '../../onnx/write';
import { inferTypes } from '../../ops/infer';
import { startRuntime } from '../../runtime/client';
import { exampleFeeds } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime } from '../../runtime/runtime';
import { simplify } from './simplify';

/** Largest difference relative to the largest output: rounding of folded weights, nothing else. */
const tolerance = 1e-4;

/** Nodes that are left; none more may be. */
const nodesLeft: Readonly<Record<string, number>> = {
  'fastestdet-coco': 210,
  'mnist-cntk': 8,
  'mobilenet_v1_0.25_224-bn': 57,
  'ppocr-cls': 143,
  'ppocrv4-det': 191,
  'ppocrv4-rec': 235,
  'resnet20-cifar10-folded': 54,
  'resnet32-cifar10-bn-rawexport': 84,
  'resnet56-cifar10-bn': 144,
  'silero-vad-16k': 74,
  'ultraface-rfb320': 120,
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

function run(model: Model) {
  const { signal } = new AbortController();
  const context = { signal, seed: 0, progress: () => undefined, runtime };
  return simplify.run(model, simplify.options.parse({}), context);
}

async function outputsOf(model: Model, directory: string, all: readonly Feeds[]) {
  // The weights of the light models are made by nodes, which optimizing would compute twice over.
  const optimize = directory.endsWith('light') ? 'none' : 'all';
  const session = await openModel(runtime, model, { directory, threads: 2, optimize });
  try {
    const results = [];
    for (const feeds of all) results.push(await session.run(feeds));
    return results;
  } finally {
    await session.close();
  }
}

/** Random values, zeros, and several samples at once where the model takes them. */
async function feedsFor(model: Model, directory: string): Promise<Feeds[]> {
  const session = await openModel(runtime, model, { directory, threads: 1, optimize: 'none' });
  const batch = model.graph!.input[0].type?.tensorType?.shape?.dim[0].dimParam;
  const shapes = exampleShapes(model, batch ? { [batch]: 2 } : {});
  const random = exampleFeeds(session, seededRandom(3), {}, shapes);
  const zero = exampleFeeds(session, { normal: () => 0 }, {}, exampleShapes(model));
  await session.close();
  return directory.endsWith('light') ? [random] : [random, zero];
}

function difference(expected: NamedTensor, actual: NamedTensor): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    worst = Math.max(worst, Math.abs(Number(expected.data[i]) - Number(actual.data[i])));
    largest = Math.max(largest, Math.abs(Number(expected.data[i])));
  }
  return worst === 0 ? 0 : worst / largest;
}

const digest = (model: Model): string =>
  createHash('sha256').update(encodeModel(model)).digest('hex');

describe.skipIf(sharedModels.length === 0)('simplified models (needs ../shared)', () => {
  it.each(sharedModels.map((path) => [basename(path, '.onnx'), path]))('%s', async (name, path) => {
    const { model } = readModelFile(path);
    const directory = dirname(path);
    expect(simplify.refuse(model)).toBeUndefined();
    const result = await run(model);
    expect(result.issues).toEqual([]);
    expect(validateModel(result.model).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect((await run(result.model)).changed).toBe(false);
    const left = result.notes[0]?.after;
    if (nodesLeft[name] !== undefined) expect(left).toBeLessThanOrEqual(nodesLeft[name]);
    if (!result.changed) return expect(result.model).toBe(model);
    expect(encodeModel(result.model).length).toBeLessThan(1.001 * encodeModel(model).length);

    const feeds = await feedsFor(result.model, directory);
    const before = await outputsOf(model, directory, feeds);
    const after = await outputsOf(result.model, directory, feeds);
    for (const [i, expected] of before.entries()) {
      const inputs = Object.fromEntries(
        Object.entries(feeds[i]).map(([key, { dims }]) => [key, dims]),
      );
      const types = inferTypes(result.model, { inputs });
      expect(types.issues).toEqual([]);
      expect(Object.keys(after[i])).toEqual(Object.keys(expected));
      for (const [output, value] of Object.entries(expected)) {
        const actual = after[i][output];
        expect(actual.dims).toEqual(value.dims);
        const shape = types.type(output)?.shape ?? [];
        expect(
          shape.every((dim, axis) => typeof dim === 'string' || dim === value.dims[axis]),
        ).toBe(true);
        expect(difference(value, actual)).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  it('are the same bytes each time', async () => {
    for (const name of ['silero-vad-16k', 'ppocr-cls', 'ultraface-rfb320']) {
      const path = sharedModels.find((each) => basename(each, '.onnx') === name)!;
      const [first, second] = [
        await run(readModelFile(path).model),
        await run(readModelFile(path).model),
      ];
      expect(digest(first.model)).toBe(digest(second.model));
    }
  });
});
