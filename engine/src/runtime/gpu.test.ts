import { expect, test } from 'vitest';
import {
  softwareGpu,
  startOnSoftwareGpu,
  startWithoutGpu,
} from '../../../test/support/software-gpu';
import { weightedModel } from '../../../test/support/weighted-text';
import { encodeModel } from '../onnx/write';
import type { NamedTensor } from './runtime';

/** Nine filters for each of sixteen channels, with which kernels in the layout NHWC go wrong. */
const unfolding = encodeModel(
  weightedModel(`(float[2,16,8,8] x) => (float[2,144,4,4] y) <float[144,1,3,3] w> {
    y = Conv<group: int = 16, pads: ints = [1, 1, 1, 1], strides: ints = [2, 2]>(x, w)
  }`),
);

const x: NamedTensor = {
  type: 'float',
  dims: [2, 16, 8, 8],
  data: Float32Array.from({ length: 2048 }, (_, i) => Math.sin(1.7 * i)),
};

test.runIf(process.platform === 'linux')('without a GPU, what needs one says so', async () => {
  const runtime = await startWithoutGpu();
  await expect(runtime.open(unfolding, { gpu: true, label: 'it' })).rejects.toThrow(
    /^it: There is no graphics processor that .*driver for Vulkan/,
  );
  await expect(runtime.open(unfolding)).resolves.toBeDefined();
  await runtime.close();
});

test.runIf(softwareGpu.isThere)(
  `a GPU computes what the CPU does (${softwareGpu.title})`,
  async () => {
    const runtime = await startOnSoftwareGpu();
    const [cpu, gpu] = [
      await runtime.open(unfolding),
      await runtime.open(unfolding, { gpu: true }),
    ];
    const expected = (await cpu.run({ x })).y.data as Float32Array;
    const actual = (await gpu.run({ x })).y.data as Float32Array;
    expect(Math.max(...actual.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-4);
    await runtime.close();
  },
);

test.runIf(softwareGpu.isThere)(`and keeps it in its memory (${softwareGpu.title})`, async () => {
  const runtime = await startOnSoftwareGpu();
  const doubling = encodeModel(
    weightedModel(`(float[4] x) => (float[4] y, float[4] z) <float[4] w> {
      y = Add(x, x)
      z = Identity(y)
    }`),
  );
  const session = await runtime.open(doubling, { gpu: true, stayOnGpu: ['y'] });
  const first: NamedTensor = { type: 'float', dims: [4], data: Float32Array.of(1, 2, 3, 4) };
  const { kept } = await session.runAndKeep({ x: first }, ['z'], ['y']);
  await expect(runtime.read(kept)).rejects.toThrow(/not on CPU/);
  const second = await session.runAndKeep({ x: kept.y }, ['z'], ['y']);
  expect([...second.given.z.data]).toEqual([4, 8, 12, 16]);
  await runtime.release([kept.y]);
  await expect(session.runAndKeep({ x: kept.y }, ['z'], ['y'])).rejects.toThrow(/released/);
  await runtime.close();
});
