import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open';
import type { Model } from '../../ir/model';
import { loadModel } from '../../onnx/load';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import type { Pass, PassContext } from '../pass';
import { qat } from '../qat/qat';
import { quantize } from './quantize';

const example = resolve(__dirname, '../../../../examples/fashion');
let runtime: Runtime;
let model: Model;
let data: Dataset;
beforeAll(async () => {
  runtime = await startRuntime();
  ({ model } = loadModel(resolve(example, 'models/fashion.onnx')));
  const file = resolve(example, 'data/fashion-calibration.npz');
  data = await openDataset(file, { mean: 0.286, std: 0.353 });
});
afterAll(() => runtime.close());

const plain = { correct_bias: 'none', rounding: 'nearest', reduce_range: 'never' };
const training = { epochs: 1, samples: 32, batch: 16, rate: 0.002 };

function context(): PassContext {
  const { signal } = new AbortController();
  return { signal, seed: 0, progress: () => undefined, runtime, calibration: data };
}

function run(pass: Pass, options: object, more: Partial<PassContext> = {}) {
  return pass.run(model, pass.options.parse({ ...plain, ...options }), { ...context(), ...more });
}

function tuned(options: object) {
  return run(quantize, { samples: 16, ...options, recover: 'finetune', finetune: training });
}

describe('recovery of a quantized model by training', () => {
  it('comes to what qat comes to, to the byte', async () => {
    const bits = { layers: { '*': { weights: 4 } }, calibration_samples: 16 };
    const expected = await run(qat, { ...bits, ...training });
    const actual = await tuned({ weights: 'int4' });
    expect(Buffer.compare(encodeModel(actual.model), encodeModel(expected.model))).toBe(0);
    expect(actual.curves).toEqual(expected.curves);
    expect(actual.notes).toEqual(expected.notes);
    expect(actual.issues.at(-1)?.message).toMatch(/Trained for 1 epochs .* teacher/);
  });

  it.each([
    ['weights alone', { weights: 'int4', activations: 'float' }],
    ['many types', { activations: 'int16', layers: { 'layer2.*': { weights: 'int2' } } }],
    ['integer operators', { format: 'qoperator' }],
  ])('trains %s', async (_, options) => {
    const untuned = await run(quantize, { samples: 16, ...options });
    const { model: result, curves, notes } = await tuned(options);
    expect(curves?.map(({ epochs }) => epochs.length)).toEqual([1]);
    expect(Number.isFinite(curves![0].epochs[0].loss)).toBe(true);
    const bits = (of: typeof notes) => of.map(({ subject, after }) => [subject, after]);
    expect(bits(notes.slice(0, untuned.notes.length))).toEqual(bits(untuned.notes));
    expect(notes.at(-1)?.subject).toBe('epoch 1');
    const operators = (of: Model) => new Set(of.graph!.node.map(({ opType }) => opType));
    expect(operators(result)).toEqual(operators(untuned.model));
    expect(Buffer.compare(encodeModel(result), encodeModel(untuned.model))).not.toBe(0);
  });

  it.each([
    [{ weights: 'uint4' }, /uint4/],
    [{ layers: { fc: { weights: 'uint8' } } }, /uint8/],
    [{ activations: 'dynamic' }, /dynamic/],
    [{ weights: 'int4', activations: 'float', weight_block: 32 }, /weight_block/],
    [{ recover: 'none', finetune: {} }, /recover: finetune/],
    [{ finetune: { layers: ['fc'] } }, /layers/],
  ])('refuses by name what it cannot train: %j', (options, words) => {
    const { error } = quantize.options.safeParse({ recover: 'finetune', ...options });
    expect(error?.issues.map(({ message }) => message).join()).toMatch(words);
  });

  it('takes sizes that the model leaves open from the samples, and leaves them open', async () => {
    const [first, ...others] = model.graph!.input;
    const dim = ['N', '', 'H', 'W'].map((dimParam, axis) => {
      return dimParam ? { dimParam } : first.type!.tensorType!.shape!.dim[axis];
    });
    const type = { tensorType: { ...first.type!.tensorType, shape: { dim } } };
    const input = [{ ...first, type }, ...others];
    const open = { ...model, graph: { ...model.graph!, input } };
    const options = { ...plain, samples: 16, recover: 'finetune', finetune: training };
    const { model: result, curves } = await quantize.run(
      open,
      quantize.options.parse(options),
      context(),
    );
    expect(curves).toHaveLength(1);
    expect(result.graph!.input[0].type!.tensorType!.shape!.dim.map(({ dimParam }) => dimParam)).toEqual(['N', undefined, 'H', 'W']); // prettier-ignore
  });

  it('asks for data', async () => {
    const weights = { activations: 'float', recover: 'finetune' };
    await expect(run(quantize, weights, { calibration: undefined })).rejects.toThrow(/needs data/);
  });
});
