import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseModel } from '../onnx/text/parse';
import { startRuntime } from './client';
import { measureLatency } from './measure';
import type { Runtime } from './runtime';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
g (float[N,4] x, int64[1] i) => (float[K,4] y) { y = Gather(x, i) }`);

it('gives ordered quantiles of the runs, with inputs of any type', async () => {
  const result = await measureLatency(runtime, model, { runs: 11, threads: 1, bind: { N: 3 } });
  expect(result).toMatchObject({ runs: 11, threads: 1 });
  expect(result.p10Ms).toBeGreaterThan(0);
  expect(result.medianMs).toBeGreaterThanOrEqual(result.p10Ms);
  expect(result.p90Ms).toBeGreaterThanOrEqual(result.medianMs);
});

it('feeds what it is given', async () => {
  const i = { type: 'int64', dims: [1], data: BigInt64Array.of(5n) } as const;
  await expect(measureLatency(runtime, model, { runs: 1, feeds: { i } })).rejects.toThrow(
    /out of (data )?bounds/,
  );
  await measureLatency(runtime, model, { runs: 1, feeds: { i }, bind: { N: 6 } });
});
