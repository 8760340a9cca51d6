import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../linalg/random';
import { startRuntime } from '../../../runtime/client';
import { openModel } from '../../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../../runtime/runtime';
import { inputsPerGroup } from '../algebra/groups';
import { composeChain, relativeError } from '../compose';
import { outputSizes, weightsOf } from '../geometry';
import type { Kernel, KernelShape, Spectrum } from '../method';
import { chainModel } from '../testing/chain-model';
import { anyShape, plainShape, randomKernel, randomMoments } from '../testing/random-layers';
import { methods } from './index';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** What a chain makes of random images just large enough for a few positions. */
async function run(
  chain: readonly Kernel[],
  shape: KernelShape,
  seed: number,
): Promise<NamedTensor> {
  const { kernel, dilations, strides, inputs } = shape;
  const sizes = kernel.map(
    (extent, axis) => (extent - 1) * dilations[axis] + 2 * strides[axis] + 1,
  );
  const dims = [2, inputs, ...sizes];
  const random = seededRandom(seed);
  const length = dims.reduce((product, dim) => product * dim, 1);
  const x = { type: 'float', dims, data: Float32Array.from({ length }, random.normal) } as const;
  const session = await openModel(runtime, chainModel(chain));
  const { y } = await session.run({ x }, ['y']);
  await session.close();
  expect(y.dims.slice(2)).toEqual(outputSizes(shape, sizes));
  return y;
}

/** The largest difference, relative to the largest entry. */
function difference(actual: NamedTensor, expected: NamedTensor): number {
  expect(actual.dims).toEqual(expected.dims);
  const [a, b] = [actual.data as Float32Array, expected.data as Float32Array];
  const scale = b.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-30);
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0) / scale;
}

const exact = methods.filter(({ id }) => id !== 'cp' && id !== 'separable');

describe.each(methods)('$id', (method) => {
  const acceptable = anyShape.filter((shape) => method.refuse(shape) === undefined);

  it('is the same layer in the runtime as on paper, at any rank', async () => {
    await fc.assert(
      fc.asyncProperty(
        acceptable,
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (shape, seed, share) => {
          const ranks = method
            .fullRanks(shape)
            .map((full) => 1 + Math.floor(share * (Math.min(full, 6) - 1)));
          const kernel = randomKernel(shape, seed);
          const chain = method.decompose(kernel, ranks);
          expect(chain.map((each) => each.shape)).toEqual(method.factors(shape, ranks));
          for (const factor of chain) expect(factor.data).toHaveLength(weightsOf(factor.shape));
          const composed = { shape, data: Float32Array.from(composeChain(chain, shape)) };
          const [expected, actual] = [
            await run([composed], shape, seed),
            await run(chain, shape, seed),
          ];
          expect(difference(actual, expected)).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.runIf(exact.includes(method))('reproduces the layer at full rank', async () => {
    await fc.assert(
      fc.asyncProperty(acceptable, fc.nat(), fc.boolean(), async (shape, seed, hasMoments) => {
        const kernel = randomKernel(shape, seed);
        const moments = hasMoments ? randomMoments(shape, seed) : undefined;
        const chain = method.decompose(kernel, method.fullRanks(shape), moments);
        const [expected, actual] = [
          await run([kernel], shape, seed),
          await run(chain, shape, seed),
        ];
        expect(difference(actual, expected)).toBeLessThan(1e-4);
      }),
      { numRuns: 25 },
    );
  });

  it('is never worse on the patches than without having seen them', () => {
    fc.assert(
      fc.property(acceptable, fc.nat(), fc.integer({ min: 1, max: 3 }), (shape, seed, rank) => {
        const ranks = method.fullRanks(shape).map((full) => Math.min(full, rank));
        const kernel = randomKernel(shape, seed);
        const moments = randomMoments(shape, seed + 1);
        const [blind, seeing] = [undefined, moments].map((known) =>
          relativeError(
            kernel,
            composeChain(method.decompose(kernel, ranks, known), shape),
            moments,
          ),
        );
        // Rounding to single precision.
        expect(seeing).toBeLessThanOrEqual(blind * (1 + 1e-6) + 1e-12);
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same bytes twice', () => {
    const shape = plainShape(8, 6, [3, 3]);
    const ranks = method.fullRanks(shape).map((full) => Math.ceil(full / 2));
    const [first, second] = [0, 1].map(() =>
      method.decompose(randomKernel(shape), ranks, randomMoments(shape)),
    );
    expect(first).toEqual(second);
  });

  it.each([
    ['zeros', (): number => 0],
    ['one value', (): number => 0.25],
    ['huge and tiny values', (i: number): number => (i % 3 === 0 ? 1e15 : 1e-15)],
    ['denormal values', (): number => 1e-42],
  ])('stands weights of %s', (_, weight) => {
    for (const shape of [
      plainShape(6, 4, [3, 3]),
      plainShape(1, 4, [3, 3]),
      plainShape(4, 1, [3, 3]),
    ]) {
      if (method.refuse(shape) !== undefined) continue;
      const kernel = { shape, data: randomKernel(shape).data.map((_value, i) => weight(i)) };
      for (const { values } of method.spectra(kernel))
        expect(values.every(Number.isFinite)).toBe(true);
      for (const moments of [undefined, randomMoments(shape)]) {
        const chain = method.decompose(kernel, method.fullRanks(shape), moments);
        for (const { data } of chain) expect(data.every(Number.isFinite)).toBe(true);
        if (method.id === 'separable') continue;
        const composed = composeChain(chain, shape);
        const most = kernel.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        composed.forEach((value, i) => {
          expect(Math.abs(value - kernel.data[i])).toBeLessThanOrEqual(1e-2 * most + 1e-40);
        });
      }
    }
  });

  it('names weights that are not finite', () => {
    const shape = plainShape(6, 4, method.id === 'svd' ? [1, 1] : [3, 3]);
    const kernel = randomKernel(shape);
    kernel.data[5] = NaN;
    expect(() => method.decompose(kernel, [1, 1])).toThrow(/NaN or infinity/);
    expect(() => method.spectra(kernel)).toThrow(/NaN or infinity/);
  });

  it('leaves depthwise layers alone and says why', () => {
    expect(method.refuse({ ...plainShape(8, 8, [3, 3]), groups: 8 })).toMatch(/depthwise/);
  });

  it('solves groups as layers of their own', () => {
    const shape = plainShape(8, 6, [3, 3], 2);
    const half = plainShape(4, 3, [3, 3]);
    const kernel = randomKernel(shape);
    const ranks = method.fullRanks(shape).map((full) => Math.min(2, full));
    const whole = composeChain(method.decompose(kernel, ranks), shape);
    const size = kernel.data.length / 2;
    for (const group of [0, 1]) {
      const own = { shape: half, data: kernel.data.slice(group * size, (group + 1) * size) };
      const alone = composeChain(method.decompose(own, ranks), half);
      alone.forEach((value, i) => expect(whole[group * size + i]).toBeCloseTo(value, 5));
    }
  });
});

/** Share of the energy behind the first `rank` singular values. */
function tail({ values }: Spectrum, rank: number): number {
  const energy = (from: number): number =>
    values.subarray(from).reduce((sum, value) => sum + value * value, 0);
  return energy(rank) / energy(0);
}

describe('spectra', () => {
  const tailed = methods.filter(({ id }) => !['cp', 'tucker2'].includes(id));

  it.each(tailed)('$id: their tail is what the truncation loses', (method) => {
    fc.assert(
      fc.property(
        anyShape.filter((shape) => method.refuse(shape) === undefined),
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        (shape, seed, rank) => {
          const kernel = randomKernel(shape, seed);
          const ranks = method.fullRanks(shape).map((full) => Math.min(full, rank));
          const composed = composeChain(method.decompose(kernel, ranks), shape);
          const [spectrum] = method.spectra(kernel);
          expect(relativeError(kernel, composed)).toBeCloseTo(tail(spectrum, ranks[0]), 5);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('svd: so it is for the output', () => {
    fc.assert(
      fc.property(anyShape, fc.nat(), fc.integer({ min: 1, max: 4 }), (shape, seed, rank) => {
        const svd = methods.find(({ id }) => id === 'svd')!;
        fc.pre(svd.refuse(shape) === undefined);
        const kernel = randomKernel(shape, seed);
        const moments = { ...randomMoments(shape, seed), count: 1e9 };
        const ranks = [Math.min(svd.fullRanks(shape)[0], rank)];
        const composed = composeChain(svd.decompose(kernel, ranks, moments), shape);
        const [spectrum] = svd.spectra(kernel, moments);
        expect(relativeError(kernel, composed, moments)).toBeCloseTo(tail(spectrum, ranks[0]), 4);
      }),
      { numRuns: 40 },
    );
  });

  it('tucker2: the error is at most what both unfoldings lose', () => {
    const tucker2 = methods.find(({ id }) => id === 'tucker2')!;
    fc.assert(
      fc.property(anyShape, fc.nat(), fc.integer({ min: 1, max: 4 }), (shape, seed, rank) => {
        fc.pre(inputsPerGroup(shape) > 1);
        const kernel = randomKernel(shape, seed);
        const ranks = tucker2.fullRanks(shape).map((full) => Math.min(full, rank));
        const composed = composeChain(tucker2.decompose(kernel, ranks), shape);
        const tails = tucker2.spectra(kernel).map((spectrum, i) => tail(spectrum, ranks[i]));
        const error = relativeError(kernel, composed);
        expect(error).toBeLessThanOrEqual(tails[0] + tails[1] + 1e-6);
        expect(error).toBeGreaterThanOrEqual(Math.max(...tails) - 1e-6);
      }),
      { numRuns: 40 },
    );
  });
});
