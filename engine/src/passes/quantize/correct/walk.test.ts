import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../../test/support/weighted-text';
import { datasetInMemory } from '../../../data/memory-data';
import type { Model } from '../../../ir/model';
import { seededRandom } from '../../../linalg/random';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import type { Blueprint } from '../blueprint';
import { draft } from '../draft';
import { quantizeOptions } from '../options';
import { prepare } from '../prepare';
import { samplePatches, unsampled } from './patches';
import { productOf, withCodes } from './product';
import { walk, type Visit, type WalkContext } from './walk';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

function contextFor(sampleDims: readonly number[], samples = 40): WalkContext {
  const random = seededRandom(3);
  const size = samples * sampleDims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, random.normal);
  return {
    runtime,
    calibration: datasetInMemory({ name: 'normal', data, sampleDims }),
    signal: new AbortController().signal,
    seed: 1,
    progress: () => undefined,
  };
}

async function drafted(model: Model, context: WalkContext, more: object = {}): Promise<Blueprint> {
  const options = quantizeOptions.parse({ weights: 'int4', ...more });
  return draft(await prepare(model, context), options, context);
}

async function visits(
  blueprint: Blueprint,
  context: WalkContext,
  see: (visit: Visit) => Promise<void>,
) {
  const correct = async (visit: Visit) => {
    await see(visit);
    return visit.layer;
  };
  await walk(blueprint, () => ({ verb: 'seeing', correct }), context);
}

describe('patches of a layer', () => {
  const relu = (layer: string): string => `{ h = Conv(x, u) r = Relu(h) y = ${layer} }`;
  it.each([
    ['[5,4,3,3]', 'Conv<pads=[1,1,1,1]>(r, w, b)', '[5]'],
    ['[6,4,3,3]', 'Conv<strides=[2,2], auto_pad="SAME_UPPER">(r, w, b)', '[6]'],
    ['[4,1,3,3]', 'Conv<group=4, dilations=[2,2]>(r, w, b)', '[4]'],
    ['[6,2,1,1]', 'Conv<group=2>(r, w, b)', '[6]'],
    ['[4,3,2,2]', 'ConvTranspose<strides=[2,2]>(r, w, b)', '[3]'],
    ['[4,3,2,2]', 'ConvTranspose<group=2, strides=[2,2]>(r, w, b)', '[6]'],
  ])('%s: times the weights they are what %s gives', async (weight, layer, bias) => {
    const context = contextFor([3, 7, 7]);
    const model = weightedModel(
      `(float[N,3,7,7] x) => (float[N,C,H,W] y) <float[4,3,1,1] u, float${weight} w, float${bias} b> ${relu(layer)}`,
    );
    await expectProducts(await floatReads(model, context), context);
  });

  it.each([
    ['Gemm<transB=1>(f, w, b)', '[3,12]', '(float[N,12] x)', [12]],
    ['Gemm(f, w, b)', '[12,3]', '(float[N,12] x)', [12]],
    ['MatMul(f, w)', '[12,3]', '(float[N,5,12] x)', [5, 12]],
  ] as const)('of a dense layer: %s', async (layer, weight, input, dims) => {
    const context = contextFor(dims);
    const model = weightedModel(
      `${input} => (float[N,M] y) <float[3] b, float${weight} w> { f = Relu(x) y = ${layer} }`,
    );
    await expectProducts(await floatReads(model, context), context);
  });

  /** Nothing rounded but weights, so that the first layer's error is seen by the second one alone. */
  async function floatReads(model: Model, context: WalkContext): Promise<Blueprint> {
    return { ...(await drafted(model, context)), grids: new Map(), operands: new Map() };
  }

  /** The first layer reads the same in both models; with its float weights it gives the target. */
  async function expectProducts(blueprint: Blueprint, context: WalkContext): Promise<void> {
    const first = [...blueprint.layers.values()].at(-1)!;
    const alone = { ...blueprint, layers: new Map([[first.site.name, first]]) };
    let seen = 0;
    await visits(alone, context, async (visit) => {
      expect(unsampled(visit)).toBeUndefined();
      const { rows, reads, target } = await samplePatches(visit, 5);
      const { groups, outputs, features, weight, bias } = productOf(visit.layer);
      expect(target.length).toBe(groups * rows * outputs);
      for (let group = 0; group < groups; group++) {
        for (let row = 0; row < rows; row += 7) {
          for (let o = 0; o < outputs; o++) {
            const output = group * outputs + o;
            let given = bias?.[output] ?? 0;
            for (let j = 0; j < features; j++) {
              given += weight[output * features + j] * reads[(group * rows + row) * features + j];
            }
            expect(given).toBeCloseTo(target[(group * rows + row) * outputs + o], 4);
            seen++;
          }
        }
      }
    });
    expect(seen).toBeGreaterThan(10);
  }
});

describe('the walk', () => {
  const residual = `(float[N,3,6,6] x) => (float[N,5] y)
    <float[4,3,3,3] u, float[4] a, float[4,4,3,3] v, float[4,1,3,3] d, float[4,5] m> {
      h = Conv<pads=[1,1,1,1]>(x, u, a) r = Relu(h)
      s = Conv<pads=[1,1,1,1]>(r, v) t = Add(s, r) q = Relu(t)
      e = Conv<group=4>(q, d) p = GlobalAveragePool(e) f = Flatten(p) y = MatMul(f, m)
    }`;

  it('lets each layer see those before it as corrected', async () => {
    const context = contextFor([3, 6, 6]);
    const blueprint = await drafted(weightedModel(residual), context);
    // The first layer gives nothing but zeros once it is "corrected".
    const blank = new Map<string, boolean>();
    await walk(
      blueprint,
      ({ site }) => ({
        verb: 'blanking',
        correct: async (visit) => {
          const { layer } = visit;
          const patches = await samplePatches(visit, 1);
          blank.set(
            site.name,
            patches.reads.every((value) => value === 0),
          );
          const zeros = new Float32Array(patches.layout.outputs);
          const product = productOf(layer);
          const bias = site.node.opType === 'Conv' ? { bias: zeros } : {};
          return { ...withCodes(layer, product, new Int32Array(product.codes.length)), ...bias };
        },
      }),
      context,
    );
    expect([...blank.values()]).toEqual([false, true, true, true]);
  });

  it('goes on from kept values as it would from the inputs', async () => {
    const context = contextFor([3, 6, 6], 64);
    const blueprint = await drafted(weightedModel(residual), context);
    const read = new Map<string, Float32Array>();
    await visits(blueprint, context, async (visit) => {
      read.set(visit.layer.site.name, (await samplePatches(visit, 1)).reads);
    });
    for (const [name, reads] of read) {
      const only = blueprint.layers.get(name)!;
      const correct = async (visit: Visit) => {
        expect((await samplePatches(visit, 1)).reads).toEqual(reads);
        return visit.layer;
      };
      await walk(
        blueprint,
        (each) => (each === only ? { verb: 'seeing', correct } : undefined),
        context,
      );
    }
    expect(read.size).toBe(4);
  });

  it('serves models that take one sample at a time', async () => {
    const context = contextFor([3, 6, 6], 5);
    const blueprint = await drafted(weightedModel(residual.replaceAll('N,', '1,')), context);
    await visits(blueprint, context, async (visit) => {
      const { rows } = await samplePatches(visit, 1);
      expect(rows % 5).toBe(0);
    });
  });

  it('ends when it is cancelled', async () => {
    const context = contextFor([3, 6, 6]);
    const blueprint = await drafted(weightedModel(residual), context);
    const controller = new AbortController();
    const correct = async ({ layer }: Visit) => {
      controller.abort(new Error('enough'));
      return Promise.resolve(layer);
    };
    const cancelled = { ...context, signal: controller.signal };
    await expect(walk(blueprint, () => ({ verb: 'seeing', correct }), cancelled)).rejects.toThrow(
      'enough',
    );
  });
});
