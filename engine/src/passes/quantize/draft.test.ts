import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import { datasetInMemory } from '../../data/memory-data';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import { drawUp, survey } from './draft';
import { inFloat } from './exceptions';
import { quantizeOptions } from './options';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const model = weightedModel(`(float[N,2,4,4] x) => (float[N,2,4,4] y)
  <float[2,2,3,3] "a.w", float[2,2,3,3] "b.w", float[2,2,3,3] "c.w"> {
    a = Conv<pads = [1, 1, 1, 1]>(x, "a.w") r = Relu(a)
    b = Conv<pads = [1, 1, 1, 1]>(r, "b.w") s = Relu(b)
    y = Conv<pads = [1, 1, 1, 1]>(s, "c.w") }`);
const options = quantizeOptions.parse({ reduce_range: 'never' });
const context = { signal: new AbortController().signal, seed: 0, progress: () => undefined };

describe('a survey', () => {
  it('looks once at values, whichever layers stay float later', async () => {
    const data = Float32Array.from({ length: 8 * 32 }, (_, i) => Math.sin(i));
    const calibration = datasetInMemory({ name: 'waves', data, sampleDims: [2, 4, 4] });
    const able = { ...context, runtime, calibration };
    const { seen } = await survey(model, options, able);
    for (const layer of ['a', 'b', 'c']) {
      const other = inFloat(options, [layer]);
      const fresh = drawUp(await survey(model, other, able), other);
      // Without a runtime nothing could be looked at again.
      const reused = drawUp(await survey(model, other, context, seen), other);
      expect([...reused.grids]).toEqual([...fresh.grids]);
      expect([...reused.layers.keys()]).toEqual([...fresh.layers.keys()]);
    }
  });
});
