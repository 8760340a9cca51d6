/** At full rank nothing may change: the proof of finding layers, composing and rewriting, method by method. */

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleShapes } from '../../inspect/sized-types';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { sharedModel } from '../../onnx/testing/shared-models';
import { readModelFile } from '../../onnx/read';
import { startRuntime } from '../../runtime/client';
import { exampleFeeds } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import { weightedModel } from '../../../../test/support/weighted-text';
import { composeChain, relativeError } from './compose';
import { chainMacs } from './geometry';
import { findDecomposable, kernelOf, type DecomposableLayer } from './layers';
import type { Method } from './method';
import { methods } from './methods/index';
import { replaceLayers, type Replacement } from './rewrite';
import { keepFirst } from './testing/keep-first';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** Approximate whatever the ranks, so that there is nothing to reproduce. */
const inexact = new Set(['separable', 'cp']);
const exact = [...methods.filter(({ id }) => !inexact.has(id)), keepFirst];

function layersOf(model: Model): DecomposableLayer[] {
  return findDecomposable(model).layers.flatMap((each) => ('reason' in each ? [] : [each]));
}

/** Every layer that the method takes, at full rank. */
function fullRank(model: Model, method: Method): Replacement[] {
  return layersOf(model)
    .filter(({ shape }) => method.refuse(shape) === undefined)
    .map((layer) => ({
      layer,
      factors: method.decompose(kernelOf(layer), method.fullRanks(layer.shape)),
    }));
}

/** The largest difference of the two models' outputs, relative to the largest output. */
async function difference(before: Model, after: Model): Promise<number> {
  const shapes = exampleShapes(before);
  const outputs: Record<string, NamedTensor>[] = [];
  for (const model of [before, after]) {
    const session = await openModel(runtime, model);
    outputs.push(await session.run(exampleFeeds(session, seededRandom(3), {}, shapes)));
    await session.close();
  }
  let [worst, largest] = [0, 0];
  for (const [name, { data }] of Object.entries(outputs[0])) {
    expect(outputs[1][name].dims).toEqual(outputs[0][name].dims);
    data.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(Number(value) - Number(outputs[1][name].data[i])));
      largest = Math.max(largest, Math.abs(Number(value)));
    });
  }
  expect(largest).toBeGreaterThan(0);
  return worst / largest;
}

const convolutions = {
  'no bias, no padding': ['float[1,3,9,8] x', 'float[5,3,3,3] w', 'Conv(x, w)'],
  'a bias, asymmetric pads and strides': [
    'float[2,4,9,8] x',
    'float[6,4,3,2] w, float[6] b',
    'Conv<pads = [2, 0, 1, 1], strides = [2, 3]>(x, w, b)',
  ],
  'dilation, with an explicit kernel': [
    'float[1,3,13,12] x',
    'float[4,3,3,3] w',
    'Conv<pads = [2, 1, 0, 3], dilations = [2, 3], kernel_shape = [3, 3]>(x, w)',
  ],
  'automatic padding, the odd one after': [
    'float[1,3,10,7] x',
    'float[4,3,3,3] w',
    'Conv<auto_pad = "SAME_UPPER", strides = [2, 2]>(x, w)',
  ],
  'automatic padding, the odd one before': [
    'float[1,3,10,7] x',
    'float[4,3,4,3] w',
    'Conv<auto_pad = "SAME_LOWER", strides = [2, 1]>(x, w)',
  ],
  'padding that is switched off': [
    'float[1,3,10,7] x',
    'float[4,3,3,3] w',
    'Conv<auto_pad = "VALID">(x, w)',
  ],
  'two groups': [
    'float[1,4,8,8] x',
    'float[6,2,3,3] w',
    'Conv<group = 2, pads = [1, 1, 1, 1]>(x, w)',
  ],
  'one axis': ['float[1,4,20] x', 'float[6,4,5] w, float[6] b', 'Conv<pads = [4, 0]>(x, w, b)'],
  'a pointwise kernel with a stride': [
    'float[1,8,6,6] x',
    'float[6,8,1,1] w',
    'Conv<strides = [2, 2]>(x, w)',
  ],
  'a matrix product of several axes': ['float[2,3,8] x', 'float[8,6] w', 'MatMul(x, w)'],
  'Gemm, transposed and scaled': [
    'float[3,8] x',
    'float[6,8] w, float[6] b',
    'Gemm<transB = 1, alpha = 0.5, beta = 2.0>(x, w, b)',
  ],
  'Gemm as it comes, without a bias': ['float[3,8] x', 'float[8,6] w', 'Gemm(x, w)'],
} as const;

describe.each(Object.entries(convolutions))('a layer with %s', (_, [input, weights, node]) => {
  const model = weightedModel(`(${input}) => (float y) <${weights}> { y = ${node} }`);
  model.graph!.output[0].type = undefined;

  it.each(exact)('is reproduced by $id at full rank', async (method) => {
    const [layer] = layersOf(model);
    const [replacement] = fullRank(model, method);
    if (!replacement) {
      expect(method.refuse(layer.shape)).toMatch(/\w/);
      return;
    }
    const composed = composeChain(replacement.factors, layer.shape);
    expect(relativeError(kernelOf(layer), composed)).toBeLessThan(1e-10);
    expect(await difference(model, replaceLayers(model, [replacement]))).toBeLessThan(1e-4);
  });

  it('costs what is counted beforehand', () => {
    for (const method of methods) {
      const [layer] = layersOf(model);
      if (method.refuse(layer.shape) !== undefined) continue;
      const ranks = method.fullRanks(layer.shape).map((full) => Math.ceil(full / 2));
      const factors = method.decompose(kernelOf(layer), ranks);
      const after = findDecomposable(replaceLayers(model, [{ layer, factors }]));
      const shapes = factors.map(({ shape }) => shape);
      expect(shapes).toEqual(method.factors(layer.shape, ranks));
      expect(after.macs).toBe(chainMacs(shapes, layer.rows, layer.input.slice(2)));
    }
  });
});

/** Small ones by every method, large ones by those that they are for. */
const real: Readonly<Record<string, readonly string[] | 'all'>> = {
  'resnet20-cifar10-bn': 'all',
  'resnet20-cifar10-folded': ['svd'],
  'mnist-cntk': 'all',
  'fc-autoencoder-toycar': 'all',
  'ultraface-rfb320': ['tucker2', 'spatial-svd'],
  'squeezenet_v1.0-deepcompressed': ['tucker2'],
  'mobilenet_v2_1.0_224-fp32': ['svd'],
  'ppocrv4-rec': ['svd'],
};

describe.skipIf(!existsSync(sharedModel('mnist-cntk.onnx')))('real models (need ../shared)', () => {
  const cases = Object.entries(real).flatMap(([name, ids]) =>
    exact
      .filter(({ id }) => id !== keepFirst.id && (ids === 'all' || ids.includes(id)))
      .map((method) => ({ name, method })),
  );

  it.each(cases)(
    '$name is what it was with every layer at full rank by $method.id',
    async ({ name, method }) => {
      const { model } = readModelFile(sharedModel(`${name}.onnx`));
      const replacements = fullRank(model, method);
      if (replacements.length === 0) return;
      expect(await difference(model, replaceLayers(model, replacements))).toBeLessThan(1e-4);
    },
    60_000,
  );
});
