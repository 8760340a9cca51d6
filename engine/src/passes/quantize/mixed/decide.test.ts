/** Targets are held against the written models, measured apart from what the search measured. */

import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../data/dataset';
import { datasetInMemory } from '../../../data/memory-data';
import { openDataset } from '../../../data/open';
import { inspect } from '../../../inspect/inspect';
import type { Model } from '../../../ir/model';
import { readModelFile } from '../../../onnx/read';
import { startRuntime } from '../../../runtime/client';
import { evaluateAccuracy } from '../../../runtime/evaluate';
import { evaluateFidelity } from '../../../runtime/fidelity';
import { openModel } from '../../../runtime/open-model';
import type { Runtime } from '../../../runtime/runtime';
import type { PassResult } from '../../pass';
import { quantize } from '../quantize';

const example = resolve(__dirname, '../../../../../examples/fashion');
const { model } = readModelFile(join(example, 'models/fashion.onnx'));
const plain = { rounding: 'nearest', correct_bias: 'none', reduce_range: 'never' };

let runtime: Runtime;
let labelled: Dataset;
let unlabelled: Dataset;
beforeAll(async () => {
  runtime = await startRuntime({ threads: 1 });
  const data = join(example, 'data/fashion-calibration.npz');
  labelled = (await openDataset(data, { mean: 0.286, std: 0.353 })).sample(64, 0);
  for await (const batch of labelled.batches(64)) {
    unlabelled = datasetInMemory({
      name: 'images without labels',
      data: batch.data,
      sampleDims: labelled.sampleDims,
    });
  }
});
afterAll(() => runtime.close());

async function run(options: object, calibration = labelled): Promise<PassResult> {
  const context = { signal: new AbortController().signal, seed: 0, progress: () => undefined };
  const given = quantize.options.parse({ ...plain, ...options });
  return quantize.run(model, given, { ...context, runtime, calibration });
}

function bytesOf(of: Model): number {
  return inspect(of, { path: '' }).totals.weightBytes;
}

function widthsIn({ notes }: PassResult): Set<number> {
  return new Set(notes.map(({ after }) => after));
}

describe('mixed precision', () => {
  it('takes no more bytes than allowed, and adds less noise where it may take more', async () => {
    const noises: number[] = [];
    for (const bytes of [0.16, 0.2, 0.24]) {
      const result = await run({ widths: [4, 8], bytes });
      expect(bytesOf(result.model)).toBeLessThanOrEqual(bytes * bytesOf(model));
      for (const width of widthsIn(result)) expect([4, 8]).toContain(width);
      noises.push(result.notes.reduce((sum, { why }) => sum + (why?.outputNoise as number), 0));
    }
    expect(noises[1]).toBeLessThan(noises[0]);
    expect(noises[2]).toBeLessThan(noises[1]);
  });

  it('says when the narrowest widths take too many bytes', async () => {
    const result = await run({ widths: [8], bytes: 0.1 });
    expect(result.issues.map(({ code }) => code)).toContain('target-missed');
    expect(widthsIn(result)).toEqual(new Set([8]));
  });

  it('leaves floats where they keep the time, and says when nothing does', async () => {
    const idle = await run({ widths: [8, 32], latency: '1000 s' });
    expect(idle.issues.map(({ code }) => code)).toEqual(['nothing-quantized']);
    expect(widthsIn(idle)).toEqual(new Set([32]));
    const late = await run({ latency: '0.001 us' });
    expect(late.issues.map(({ code }) => code)).toContain('target-missed');
    for (const { why } of late.notes) expect(why).toHaveProperty('latencyMs');
  });

  it('wants one target', () => {
    const isGood = (options: object): boolean => quantize.options.safeParse(options).success;
    expect(isGood({ widths: [8, 4] })).toBe(false);
    expect(isGood({ bytes: 0.2 })).toBe(false);
    expect(isGood({ latency: '3' })).toBe(false);
    expect(isGood({ widths: [8], bytes: 0.2, max_drop: 0.1 })).toBe(false);
    expect(isGood({ widths: [8], latency: '3 ms', max_drop: 0.1 })).toBe(false);
    expect(isGood({ widths: [8, 32], latency: '3 ms' })).toBe(true);
  });
});

describe('a limit on the drop', () => {
  async function sqnrOf(result: Model): Promise<number> {
    const reference = await openModel(runtime, model);
    const candidate = await openModel(runtime, result, { keepQuantizers: true });
    const { sqnr } = await evaluateFidelity(reference, candidate, unlabelled);
    await Promise.all([reference.close(), candidate.close()]);
    return sqnr;
  }

  it('reverts layers until the output is as close as asked for, and says which and why', async () => {
    const whole = await run({ weights: 'int4' }, unlabelled);
    const limited = await run({ weights: 'int4', max_drop: 0.003 }, unlabelled);
    expect(await sqnrOf(whole.model)).toBeLessThan(25.2);
    // 0.003 of the power is 25.2 dB.
    expect(await sqnrOf(limited.model)).toBeGreaterThan(25);
    expect(widthsIn(limited)).toEqual(new Set([4, 32]));
    const reverted = limited.notes.filter(({ after }) => after === 32);
    for (const { reason, why } of reverted) {
      expect(reason).toMatch(/^stays float: it adds noise of .* restoring it/);
      expect(why).toHaveProperty('noiseSpared');
    }
    expect(limited.issues.map(({ code }) => code)).toContain('no-labels');
  });

  it('is met with widths, in fewer bytes than the widest would take', async () => {
    const result = await run({ widths: [4, 8], max_drop: 0.02 });
    const top1 = async (of: Model): Promise<number> => {
      const session = await openModel(runtime, of, { keepQuantizers: true });
      const accuracy = await evaluateAccuracy(session, labelled);
      await session.close();
      return accuracy.top1;
    };
    expect(await top1(result.model)).toBeGreaterThanOrEqual((await top1(model)) - 0.02);
    expect(bytesOf(result.model)).toBeLessThan(bytesOf((await run({})).model));
  });

  it('quantizes nothing where only floats are close enough, and says so', async () => {
    const result = await run({ max_drop: 1e-9 }, unlabelled);
    expect(result.issues.map(({ code }) => code)).toContain('target-missed');
    expect(widthsIn(result)).toEqual(new Set([32]));
  });
});
