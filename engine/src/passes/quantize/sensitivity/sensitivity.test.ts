/** Differential: what cached prefixes give equals what whole models give, each run from its inputs. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Effect } from '#protocol/sensitivity';
import type { Dataset } from '../../../data/dataset';
import { openDataset } from '../../../data/open';
import { indexGraph } from '../../../ir/graph-index';
import type { Model } from '../../../ir/model';
import { sharedModel } from '../../../onnx/testing/shared-models';
import { readModelFile } from '../../../onnx/read';
import { startRuntime } from '../../../runtime/client';
import { evaluateAccuracy } from '../../../runtime/evaluate';
import { evaluateFidelity } from '../../../runtime/fidelity';
import { openModel } from '../../../runtime/open-model';
import type { Runtime } from '../../../runtime/runtime';
import { survey, type Survey } from '../draft';
import { quantizeOptions } from '../options';
import { prepare } from '../prepare';
import { simulate, type SimulationOptions } from '../simulate';
import { measureSensitivity, type Sensitivity } from './sensitivity';
import { widthOf } from './width';

const example = resolve(__dirname, '../../../../../examples/fashion');
const images = join(example, 'data/fashion-calibration.npz');
const cifar = resolve('../shared/data/cifar10-train8k-lossless.npz');
const signal = new AbortController().signal;
const bits = [8, 3];
const samples = 40;

interface Case {
  readonly title: string;
  readonly model: string;
  readonly data: () => Promise<Dataset>;
  /** One in so many layers is compared. */
  readonly every: number;
}

const cases: readonly Case[] = [
  {
    title: 'the example',
    model: join(example, 'models/fashion.onnx'),
    data: () => openDataset(images, { mean: 0.286, std: 0.353 }),
    every: 3,
  },
  {
    title: 'ResNet-8 (../shared)',
    model: sharedModel('resnet8-cifar10.onnx'),
    data: () => openDataset(cifar, {}),
    every: 4,
  },
];

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

describe.each(cases.filter(({ model }) => existsSync(model)))('$title', (each) => {
  let surveyed: Survey;
  let calibration: Dataset;
  let measured: Sensitivity;
  const options = quantizeOptions.parse({});

  beforeAll(async () => {
    calibration = (await each.data()).sample(samples, 0);
    const context = { signal, seed: 0, progress: () => undefined, runtime, calibration };
    const model = await prepare(readModelFile(each.model).model, context);
    surveyed = await survey(model, options, context);
    measured = await measureSensitivity(surveyed, options, { bits, partSamples: samples }, context);
  });

  /** The whole model, run from its inputs and compared with the original's outputs. */
  async function naive(width: number, wanted: SimulationOptions): Promise<Effect> {
    const { blueprint } = widthOf(width, surveyed, options);
    const open = (model: Model) => openModel(runtime, model, { keepQuantizers: true, threads: 1 });
    const reference = await open(surveyed.model);
    const candidate = await open(simulate(blueprint, wanted));
    const { sqnr } = await evaluateFidelity(reference, candidate, calibration);
    const { top1 } = await evaluateAccuracy(candidate, calibration);
    await Promise.all([reference.close(), candidate.close()]);
    return { sqnrDb: sqnr, metric: top1 };
  }

  function expectClose(got: Effect | null, wanted: Effect): void {
    // Noise close to the rounding of floats themselves is not the same in another order of sums.
    if (wanted.sqnrDb! < 90) {
      expect(Math.abs(got!.sqnrDb! - wanted.sqnrDb!)).toBeLessThan(0.05);
    } else expect(got!.sqnrDb ?? Infinity).toBeGreaterThan(90);
    expect(Math.abs(got!.metric! - wanted.metric!)).toBeLessThanOrEqual(1 / samples);
  }

  it('agrees with running each quantized and each restored model whole', async () => {
    const index = indexGraph(surveyed.model.graph!);
    for (const [i, layer] of surveyed.placement.layers.entries()) {
      if (i % each.every !== 0) continue;
      const node = layer.node.output[0];
      const others = (value: string) =>
        new Set(
          index
            .uses(value)
            .map((use) => use.node.output[0])
            .filter((reader) => reader !== node),
        );
      const alone = (value: string) => value === layer.input && new Set([node]);
      const nothing = () => false;
      for (const [at, width] of bits.entries()) {
        const got = measured.layers[i].widths[at];
        const isThis = (name: string) => name === layer.name;
        expectClose(got.only, await naive(width, { weights: isThis, activations: alone }));
        expectClose(got.onlyWeights, await naive(width, { weights: isThis, activations: nothing }));
        expectClose(
          got.onlyActivations,
          await naive(width, { weights: nothing, activations: alone }),
        );
        const restored = {
          weights: (name: string) => name !== layer.name,
          activations: (value: string) => value !== layer.input || others(value),
        };
        expectClose(got.restored, await naive(width, restored));
      }
    }
  });

  it('agrees with whole models where all layers are quantized', async () => {
    for (const [at, width] of bits.entries()) {
      expectClose(measured.whole[at].both, await naive(width, {}));
      expectClose(measured.whole[at].weights, await naive(width, { activations: () => false }));
      expectClose(measured.whole[at].activations, await naive(width, { weights: () => false }));
    }
  });

  it('gives the same figures again', async () => {
    const context = { signal, seed: 0, progress: () => undefined, runtime, calibration };
    const again = await measureSensitivity(
      surveyed,
      options,
      { bits, partSamples: samples },
      context,
    );
    expect(again).toEqual(measured);
  });
});
