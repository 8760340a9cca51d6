import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import type { Batch } from '../data/dataset';
import { startRuntime } from '../runtime/client';
import type { NamedTensor, Runtime } from '../runtime/runtime';
import { openTeacher, remembering, type Teacher } from './teacher';
import { tinyData, tinyModel } from './testing/tiny-training';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

const { signal } = new AbortController();
const data = tinyData(70);

/** Answers to shuffled batches, of which the last is smaller. */
async function answers(teacher: Teacher): Promise<NamedTensor[]> {
  const heard: NamedTensor[] = [];
  for await (const batch of data.sample(70, 9).batches(16, signal)) {
    const taught = await teacher.ask(batch, signal);
    heard.push(...Object.values(taught));
  }
  return heard;
}

describe('a teacher', () => {
  it('is asked once for each sample, and says the same as when it is asked again', async () => {
    const teacher = await openTeacher(tinyModel(), ['y', 'r'], { runtime, data });
    let asked = 0;
    const counting: Teacher = {
      ...teacher,
      ask: (samples, ...rest) => {
        asked += samples.dims[0];
        return teacher.ask(samples, ...rest);
      },
    };
    const limits = { batch: 16, most: 1 << 20, signal };
    const remembered = await remembering(counting, data.sample(70, 4), limits);
    expect(asked).toBe(70);
    const [now, before] = [await answers(remembered!), await answers(teacher)];
    expect(asked).toBe(70);
    expect(now.map(({ dims }) => dims)).toEqual(before.map(({ dims }) => dims));
    expect(now).toEqual(before);
    await remembered!.close();
  });

  it('is not remembered where that takes too much memory or samples have no names', async () => {
    const teacher = await openTeacher(tinyModel(), ['y', 'r'], { runtime, data });
    const most = 4 * 70 * (4 + 8 * 64);
    expect(await remembering(teacher, data, { batch: 16, most: most - 1, signal })).toBeUndefined();
    expect(await remembering(teacher, data, { batch: 16, most, signal })).toBeDefined();
    const unnamed = {
      ...data,
      async *batches(size: number) {
        for await (const batch of data.batches(size)) yield { ...batch, indices: undefined };
      },
    };
    const limits = { batch: 16, most: 1 << 20, signal };
    expect(await remembering(teacher, unnamed, limits)).toBeUndefined();
    await teacher.close();
  });

  it('may take fewer images at once than a step has', async () => {
    const network = (count: number | string) =>
      weightedModel(`(float[${count},3,8,8] x) => (float[${count},4] y) <float[4,192] w> {
        f = Flatten(x)  y = Gemm<transB: int = 1>(f, w) }`);
    const [whole, narrow] = await Promise.all(
      [network('N'), network(3)].map((model) => openTeacher(model, ['y'], { runtime, data })),
    );
    const [batch] = [await data.batches(16)[Symbol.asyncIterator]().next()].map(
      ({ value }) => value,
    );
    const [all, pieces] = await Promise.all(
      [whole, narrow].map(async (each) => (await each.ask(batch as Batch, signal)).y),
    );
    expect(pieces.dims).toEqual([16, 4]);
    all.data.forEach((value, i) => expect(pieces.data[i]).toBeCloseTo(Number(value), 4));
  });
});
