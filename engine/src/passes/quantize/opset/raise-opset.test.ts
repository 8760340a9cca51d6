/** Models with an old opset and the same ones raised compute the same in the runtime. */

import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFeeds, weightedModel } from '../../../../../test/support/weighted-text';
import { runModel } from '../../../../../test/support/masked-equals-cut';
import { exampleShapes } from '../../../inspect/sized-types';
import { validateModel } from '../../../ir/validate';
import type { Model } from '../../../ir/model';
import { seededRandom } from '../../../linalg/random';
import { sharedModels } from '../../../onnx/testing/shared-models';
import { readModelFile } from '../../../onnx/read';
import { encodeModel } from '../../../onnx/write';
import { startRuntime } from '../../../runtime/client';
import { exampleFeeds } from '../../../runtime/feeds';
import { openModel } from '../../../runtime/open-model';
import type { Feeds, Runtime } from '../../../runtime/runtime';
import { opsetOf, raiseOpset } from './raise-opset';

const operators = (model: Model) => model.graph!.node.map(({ opType }) => opType).join(' ');

interface Case {
  readonly title: string;
  readonly graph: string;
  readonly from: number;
  readonly to: number;
  readonly becomes?: string;
}

const cases: readonly Case[] = [
  {
    title: 'Upsample, then Resize',
    graph:
      '(float[1,2,3,3] x) => (float[1,2,6,6] y) { y = Upsample<mode = "nearest", scales = [1.0, 1.0, 2.0, 2.0]>(x) }',
    from: 7,
    to: 13,
    becomes: 'Resize',
  },
  {
    title: 'a linear Upsample',
    graph:
      '(float[1,2,3,3] x) => (float[1,2,6,6] y) { y = Upsample<mode = "linear", scales = [1.0, 1.0, 2.0, 2.0]>(x) }',
    from: 8,
    to: 21,
    becomes: 'Resize',
  },
  {
    title: 'Slice to the very end',
    graph:
      '(float[4,5] x) => (float[2,4] y) { y = Slice<axes = [0, 1], starts = [1, -4], ends = [3, 9223372036854775807]>(x) }',
    from: 9,
    to: 10,
  },
  {
    title: 'Slice without axes',
    graph: '(float[4,5] x) => (float[2,5] y) { y = Slice<starts = [1], ends = [3]>(x) }',
    from: 9,
    to: 13,
  },
  {
    title: 'TopK',
    graph: '(float[4,5] x) => (float[4,3] y, int64[4,3] i) { y, i = TopK<axis = 1, k = 3>(x) }',
    from: 9,
    to: 21,
  },
  {
    title: 'Clip with one bound',
    graph: '(float[4,5] x) => (float[4,5] y) { y = Clip<max = 0.25>(x) }',
    from: 7,
    to: 13,
  },
  {
    title: 'Pad with a value',
    graph:
      '(float[4,5] x) => (float[5,7] y) { y = Pad<pads = [1, 0, 0, 2], value = 0.5, mode = "constant">(x) }',
    from: 10,
    to: 19,
  },
  {
    title: 'Softmax over all axes from the second on',
    graph: '(float[2,3,4] x) => (float[2,3,4] y) { y = Softmax(x) }',
    from: 11,
    to: 13,
    becomes: 'Flatten Softmax Shape Reshape',
  },
  {
    title: 'Softmax over the last axis',
    graph: '(float[2,3] x) => (float[2,3] y) { y = LogSoftmax<axis = 1>(x) }',
    from: 9,
    to: 13,
    becomes: 'LogSoftmax',
  },
  {
    title: 'Squeeze, Unsqueeze, ReduceSum and ReduceMean',
    graph: `(float[1,3,4] x) => (float[1,1] y) {
      a = Squeeze<axes = [0]>(x) b = Unsqueeze<axes = [0]>(a)
      c = ReduceSum<axes = [2], keepdims = 0>(b) y = ReduceMean<axes = [1]>(c) }`,
    from: 9,
    to: 18,
    becomes: 'Squeeze Unsqueeze ReduceSum ReduceMean',
  },
  {
    title: 'Split by sizes and into equal parts',
    graph: `(float[6,4] x) => (float[2,4] y, float[4,2] z, float[4,2] u) {
      y, a = Split<axis = 0, split = [2, 4]>(x) z, u = Split<axis = 1>(a) }`,
    from: 11,
    to: 18,
  },
  {
    title: 'BatchNormalization and Dropout',
    graph: `(float[2,3,4] x) => (float[2,3,4] y) <float[3] scale, float[3] b, float[3] m, float[3] var> {
      a = BatchNormalization<spatial = 1>(x, scale, b, m, var) y, mask = Dropout<ratio = 0.3>(a) }`,
    from: 7,
    to: 15,
  },
  {
    title: 'nodes of subgraphs',
    graph: `(float[2,3] x, bool c) => (float[2] y) { y = If(c) <
      then_branch = one () => (float[2] p) { p = ReduceSum<axes = [1], keepdims = 0>(x) },
      else_branch = two () => (float[2] q) { q = ReduceMean<axes = [1], keepdims = 0>(x) }> }`,
    from: 11,
    to: 18,
  },
];

describe('a raised opset', () => {
  it.each(cases)('keeps what $title compute', async ({ graph, from, to, becomes }) => {
    const model = weightedModel(graph, { opset: from });
    const bytes = encodeModel(model);
    const raised = raiseOpset(model, to);
    expect(opsetOf(raised)).toBe(to);
    expect(Buffer.compare(encodeModel(model), bytes)).toBe(0);
    if (becomes) expect(operators(raised)).toBe(becomes);
    const feeds = randomFeeds(model);
    const before = await runModel(model, feeds);
    const after = await runModel(raised, feeds);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, { dims, data }] of before) {
      expect(after.get(name)!.dims).toEqual(dims);
      const actual = Array.from(after.get(name)!.data as Float32Array, Number);
      Array.from(data as Float32Array, Number).forEach((value, i) =>
        expect(actual[i]).toBeCloseTo(value, 5),
      );
    }
  });

  it('is the same model where it is high enough', () => {
    const model = weightedModel('(float[2] x) => (float[2] y) { y = Relu(x) }', { opset: 13 });
    expect(raiseOpset(model, 10)).toBe(model);
  });

  it.each([
    [
      'Upsample that makes smaller',
      '{ y = Upsample<scales = [0.5, 1.0]>(x) }',
      9,
      /Upsample|Resize/,
    ],
    ['an operator that nobody knows', '{ y = Wobble(x) }', 9, /Wobble/],
    ['a very old model', '{ y = Relu(x) }', 6, /opset 6/],
    [
      'Dropout whose mask is read',
      '{ y, m = Dropout(x) z = Mul(x, m) }',
      9,
      /Dropout.*mask.*numbers/,
    ],
  ])('is refused for %s', (_, body, opset, message) => {
    const model = weightedModel(`(float[4,4] x) => (float[4,4] y) ${body}`, { opset });
    expect(() => raiseOpset(model, 11)).toThrow(message);
  });
});

describe.skipIf(sharedModels.length === 0)('a raised opset (needs ../shared)', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await startRuntime();
  });
  afterAll(() => runtime.close());

  const full = process.env.COPPICE_FULL === '1';
  const old = sharedModels.filter(
    (path) => (full || !path.includes('light')) && opsetOf(readModelFile(path).model) < 13,
  );
  it.each(old.map((path) => [basename(path, '.onnx'), path]))('keeps %s', async (_, path) => {
    const { model } = readModelFile(path);
    const options = { optimize: 'none', threads: 2, directory: dirname(path) } as const;
    const run = async (each: Model, given?: Feeds) => {
      const session = await openModel(runtime, each, options);
      const feeds = given ?? exampleFeeds(session, seededRandom(1), {}, exampleShapes(model));
      const outputs = await session.run(feeds);
      await session.close();
      return { feeds, outputs };
    };
    const raised = raiseOpset(model, 21);
    expect(validateModel(raised).filter(({ severity }) => severity === 'error')).toEqual([]);
    const before = await run(model);
    const after = await run(raised, before.feeds);
    for (const [name, { dims, data }] of Object.entries(before.outputs)) {
      expect(after.outputs[name].dims).toEqual(dims);
      const expected = data as Float32Array;
      const largest = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      const actual = after.outputs[name].data as Float32Array;
      const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - actual[i])), 0);
      expect(worst).toBeLessThanOrEqual(1e-5 * largest);
    }
  });
});
