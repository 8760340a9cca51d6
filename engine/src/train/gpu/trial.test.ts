import { afterAll, describe, expect, test } from 'vitest';
import {
  softwareGpu,
  startOnSoftwareGpu,
  startWithoutGpu,
} from '../../../../test/support/software-gpu';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import { encodeModel } from '../../onnx/write';
import type { Runtime } from '../../runtime/runtime';
import { startRuntime } from '../../runtime/client';
import type { CheckpointStore } from '../checkpoints';
import { optimizers } from '../optimizers';
import { closeTestRuntime, testRuntime } from '../testing/check-gradient';
import { pretendedGpu, type Answer } from '../testing/pretended-gpu';
import { tinyData, tinyModel, tinyOptions } from '../testing/tiny-training';
import { train, type TrainContext, type TrainOptions } from '../train';

afterAll(closeTestRuntime);

/** Portable on the CPU, too, so that a pretended GPU comes to the same bytes. */
const options: TrainOptions = { ...tinyOptions, block: 0 };

async function trained(more: Partial<TrainOptions>, context: Partial<TrainContext> = {}) {
  const said: string[] = [];
  const { model, issues } = await train(
    tinyModel(),
    { ...options, ...more },
    {
      runtime: await testRuntime(),
      data: tinyData(64),
      seed: 3,
      signal: new AbortController().signal,
      progress: () => undefined,
      say: (message) => said.push(message),
      ...context,
    },
  );
  return { model, bytes: Buffer.from(encodeModel(model)), issues, said };
}

const plain = trained({});

async function pretended(change?: Parameters<typeof pretendedGpu>[1]) {
  return { startRuntime: pretendedGpu(await testRuntime(), change) };
}

/** A pretended GPU in a process of its own, which is sent a signal in a run. */
function signalled(name: NodeJS.Signals, fatal: number) {
  const start = async (): Promise<Runtime> => {
    const own = await startRuntime();
    const gpu = pretendedGpu(own, (_, run) => run === fatal && process.kill(own.pid!, name));
    return { ...(await gpu()), close: () => own.close() };
  };
  return { startRuntime: start };
}

function weightsOf({ graph }: Model): Float32Array[] {
  return graph!.initializer.map(floats);
}

/** Changes the values of one output, wherever it is among the answers. */
function spoilt(output: string, change: (values: Float32Array) => unknown) {
  return (answer: Answer) => {
    if (output in answer) change(answer[output].data as Float32Array);
  };
}

test('where there is no GPU, training is on the CPU and says so', async () => {
  const { bytes, issues, said } = await trained(
    { accelerator: 'gpu' },
    { startRuntime: startWithoutGpu },
  );
  expect(bytes.equals((await plain).bytes)).toBe(true);
  expect(issues).toMatchObject([{ severity: 'warning', code: 'no-gpu' }]);
  expect(issues[0].message).toMatch(/^Trained on the CPU, not on the GPU: WebGPU: /);
  expect(said).toEqual(['trying the GPU', issues[0].message]);
});

test('where it computes rightly, the GPU does it', async () => {
  const { bytes, issues } = await trained({ accelerator: 'gpu' }, await pretended());
  expect(issues).toMatchObject([{ severity: 'information', code: 'gpu' }]);
  expect(bytes.equals((await plain).bytes)).toBe(true);
});

describe('where a step is wrong, training is on the CPU', () => {
  test.each([
    ['no number', spoilt('@loss', (values) => values.fill(NaN)), /loss is no number/],
    ['the output', spoilt('@logits', (values) => values.fill(0)), /output is 100 % off/],
    [
      'the gradient of one weight',
      spoilt('@moment.0.copy', (values) => (values[7] *= 2)),
      /what becomes of "a\.weight" is \d+ % off/,
    ],
    [
      'a weight',
      spoilt('@weights.copy', (values) => (values[7] += 0.01)),
      /what becomes of "a\.weight"/,
    ],
    [
      'a statistic',
      spoilt('@statistics.copy', (values) => (values[9] = NaN)),
      /what becomes of "n\.var" is no number/,
    ],
  ])('%s', async (_, wrong, message) => {
    const context = await pretended(wrong);
    const { bytes, issues } = await trained({ accelerator: 'gpu' }, context);
    expect(issues).toMatchObject([{ code: 'no-gpu' }]);
    expect(issues[0].message).toMatch(message);
    expect(bytes.equals((await plain).bytes)).toBe(true);
  });
});

describe('a GPU that fails', () => {
  const failure = (): never => {
    throw new Error('device lost');
  };

  test('at once is not used', async () => {
    const { bytes, issues } = await trained({ accelerator: 'auto' }, await pretended(failure));
    expect(issues).toMatchObject([{ severity: 'information', code: 'no-gpu' }]);
    expect(issues[0].message).toContain('device lost');
    expect(bytes.equals((await plain).bytes)).toBe(true);
  });

  test('in the middle of the training leaves the rest to the CPU', async () => {
    const context = await pretended((_, run) => run === 5 && failure());
    const { bytes, issues, said } = await trained({ accelerator: 'gpu' }, context);
    expect(issues.map(({ code }) => code)).toEqual(['gpu', 'gpu-failed']);
    expect(issues[1].message).toContain('device lost');
    expect(said.at(-1)).toBe(issues[1].message);
    expect(bytes.equals((await plain).bytes)).toBe(true);
  });

  test.each([0, 6])('takes nothing along when its process ends in run %i', async (fatal) => {
    const context = signalled('SIGKILL', fatal);
    const { bytes, issues } = await trained({ accelerator: 'gpu' }, context);
    expect(issues.at(-1)!.code).toBe(fatal === 0 ? 'no-gpu' : 'gpu-failed');
    expect(issues.at(-1)!.message).toMatch(/ended unexpectedly/);
    expect(bytes.equals((await plain).bytes)).toBe(true);
  });

  test('by never ending a step is not waited for by auto', async () => {
    const context = { ...signalled('SIGSTOP', 0), patience: 1000 };
    const { bytes, issues } = await trained({ accelerator: 'auto' }, context);
    expect(issues).toMatchObject([{ code: 'no-gpu' }]);
    expect(issues[0].message).toMatch(/no faster: a step takes too long/);
    expect(bytes.equals((await plain).bytes)).toBe(true);
  });
});

test('auto leaves a GPU alone that is slower', async () => {
  const context = await pretended(() => new Promise((resolve) => setTimeout(resolve, 300)));
  const { issues } = await trained({ accelerator: 'auto' }, context);
  expect(issues).toMatchObject([{ severity: 'information', code: 'no-gpu' }]);
  expect(issues[0].message).toMatch(/no faster: .* a step, .* on the CPU/);
});

test('a training that is stopped on the GPU goes on wherever it can', async () => {
  const files = new Map<string, Uint8Array>();
  const checkpoints: CheckpointStore = {
    read: (name) => files.get(name),
    write: async (name, parts) => void files.set(name, Buffer.concat(parts)),
  };
  const stop = new AbortController();
  const progress = ({ step }: { step: number }) => step === 3 && stop.abort();
  const context = { ...(await pretended()), checkpoints, progress: progress as never };
  const stopped = trained({ accelerator: 'gpu' }, { ...context, signal: stop.signal });
  await expect(stopped).rejects.toThrow(/abort/i);
  const more = { startRuntime: startWithoutGpu, checkpoints };
  const { bytes, issues } = await trained({ accelerator: 'gpu' }, more);
  expect(issues.map(({ code }) => code)).toEqual(['no-gpu', 'training-resumed']);
  expect(issues[1].message).toMatch(/behind step 3 of 8/);
  expect(bytes.equals((await plain).bytes)).toBe(true);
});

test('a trial can be cancelled', async () => {
  const stop = new AbortController();
  const context = { ...(await pretended(() => stop.abort())), signal: stop.signal };
  await expect(trained({ accelerator: 'gpu' }, context)).rejects.toThrow(/abort/i);
});

test.runIf(softwareGpu.isThere)(`a GPU trains as the CPU does (${softwareGpu.title})`, async () => {
  const more = { optimizer: optimizers[2], clip: 1, average: 0.9, epochs: 1 };
  const context = { startRuntime: startOnSoftwareGpu, data: tinyData(32) };
  const { model, issues } = await trained({ ...more, accelerator: 'gpu' }, context);
  expect(issues).toMatchObject([{ code: 'gpu' }]);
  const expected = weightsOf((await trained(more, { data: tinyData(32) })).model);
  for (const [i, weights] of weightsOf(model).entries()) {
    for (const [at, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i][at], 3);
  }
});
