import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../data/dataset';
import { openDataset } from '../data/open';
import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import { startRuntime } from '../runtime/client';
import { evaluateFidelity } from '../runtime/fidelity';
import type { Runtime } from '../runtime/runtime';
import { textArrays, textModel } from '../train/testing/masked-texts';
import { towerArrays, towers } from '../train/testing/two-towers';
import { decompose } from './decompose/decompose';
import type { Pass, PassContext } from './pass';
import { prune } from './prune/prune';
import { quantize } from './quantize/quantize';
import { sparsify } from './sparsify/sparsify';

let runtime: Runtime;
let folder: string;
let data: Dataset;
beforeAll(async () => {
  runtime = await startRuntime();
  folder = mkdtempSync(join(tmpdir(), 'coppice-passes-'));
  data = await opened('towers', towers, towerArrays(64));
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

function opened(name: string, model: Model, bytes: Uint8Array): Promise<Dataset> {
  const path = join(folder, `${name}.npz`);
  writeFileSync(path, bytes);
  return openDataset(path, {}, model);
}

function run<O>(pass: Pass<O>, model: Model, calibration: Dataset, given: object) {
  const context: PassContext = {
    ...{ runtime, calibration, original: model, seed: 1, progress: () => undefined },
    signal: new AbortController().signal,
  };
  return pass.run(model, pass.options.parse(given), context);
}

/** Signal to noise in dB. */
async function closeness(model: Model): Promise<number> {
  const [reference, own] = await Promise.all(
    [towers, model].map((each) => runtime.open(encodeModel(each))),
  );
  return (await evaluateFidelity(reference, own, data)).sqnr;
}

describe('passes that look at data', () => {
  it.each([
    { pass: quantize as Pass, given: {}, least: 30 },
    { pass: sparsify as Pass, given: { sparsity: 0.2 }, least: 20 },
    { pass: decompose as Pass, given: { macs: 0.9 }, least: 20 },
    { pass: prune as Pass, given: { macs: 0.8, criterion: 'contribution', round: 1 }, least: 10 },
    { pass: prune as Pass, given: { macs: 0.8, criterion: 'taylor', round: 1 }, least: 5 },
  ])('take several inputs: $pass.id $given', async ({ pass, given, least }) => {
    const { model, changed, issues } = await run(pass, towers, data, given);
    expect(changed).toBe(true);
    expect(issues.filter(({ code }) => code === 'feeds')).toEqual([]);
    expect(model.graph!.input).toEqual(towers.graph!.input);
    expect(await closeness(model)).toBeGreaterThan(least);
  });

  it('prove a cut on samples, where random values would leave nothing to compare', async () => {
    const model = textModel();
    const texts = await opened('texts', model, textArrays(32));
    const { maskedError } = await run(prune as Pass, model, texts, { params: 0.8, round: 1 });
    expect(maskedError!.relative).toBeLessThan(1e-4);
  });
});
