import { afterAll, expect, test } from 'vitest';
import { encodeModel } from '../../onnx/write';
import { testRuntime, closeTestRuntime } from '../testing/check-gradient';
import { probedRuntime, probeSessions } from '../testing/probed-runtime';
import { tinyData, tinyModel, tinyOptions } from '../testing/tiny-training';
import { train } from '../train';
import { blockOf } from './probe';

afterAll(closeTestRuntime);

const block = await blockOf(await testRuntime());
const halves = (values: Float32Array) => values.fill(0, values.length >> 1);

test.each([
  ['one number is off', probeSessions.blocked, (values: Float32Array) => (values[3] += 0.1)],
  ['half of the numbers are missing', probeSessions.blocked, halves],
  ['there is no number', probeSessions.blocked, (values: Float32Array) => (values[0] = NaN)],
  ['a block has another size', probeSessions.size, (values: Float32Array) => values.reverse()],
  [
    'the operators are missing',
    probeSessions.size,
    () => {
      throw new Error('no such operator');
    },
  ],
  [
    'they fail while they run',
    probeSessions.blocked,
    () => {
      throw new Error('failed');
    },
  ],
])('where %s, training is portable and says nothing', async (_, session, wrong) => {
  const given = await testRuntime();
  const { runtime, blockedGraphs } = probedRuntime(given, session, wrong);
  expect(await blockOf(runtime)).toBeUndefined();
  const context = {
    data: tinyData(32),
    seed: 3,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  const { model, issues } = await train(tinyModel(), tinyOptions, { ...context, runtime });
  expect(blockedGraphs()).toBe(0);
  expect(issues).toEqual([]);
  const plain = await train(
    tinyModel(),
    { ...tinyOptions, block: 0 },
    { ...context, runtime: given },
  );
  expect(encodeModel(model)).toEqual(encodeModel(plain.model));
});

test.runIf(block)('where nothing is off, values lie in blocks', async () => {
  const { runtime } = probedRuntime(await testRuntime());
  expect(await blockOf(runtime)).toBe(block);
});
