/**
 * What augmentation adds to the time of a step, which it runs beside: trainings of ResNet-20 on the same
 * images, none and all augmentations in turns. Prints markdown.
 *
 *     npx tsx bench/train/augmentation.ts [--batch 128] [--steps 5] [--turns 3]
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openDataset } from '#engine/data/open';
import { loadModel } from '#engine/onnx/load';
import { startRuntime } from '#engine/runtime/client';
import { augment, type Amounts } from '#engine/train/augment/augment';
import { crossEntropy } from '#engine/train/losses/cross-entropy';
import { sgd } from '#engine/train/optimizers/sgd';
import { schedules } from '#engine/train/schedules';
import { train } from '#engine/train/train';

const { values: flags } = parseArgs({
  options: {
    batch: { type: 'string', default: '128' },
    steps: { type: 'string', default: '5' },
    turns: { type: 'string', default: '3' },
  },
});
const shared = resolve('../shared');
const batch = Number(flags.batch);
const cases: Readonly<Record<string, Amounts>> = {
  none: {},
  'mirror, shift': { mirror: 1, shift: 4 },
  all: {
    ...{ zoom: 0.3, mirror: 1, shift: 4, brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    ...{ cutout: 8, mixup: 0.2 },
  },
};

async function main(): Promise<void> {
  const { model } = loadModel(`${shared}/models/resnet20-cifar10jpeg-bn.onnx`);
  const all = await openDataset(`${shared}/data/cifar10-train12k-jpeg.zip`, {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  });
  const data = all.sample(batch * Number(flags.steps), 1);
  const runtime = await startRuntime();
  const steps: Record<string, number[]> = {};
  for (let turn = 0; turn < Number(flags.turns); turn++) {
    for (const [name, augmentation] of Object.entries(cases)) {
      const times: number[] = [];
      let last = Infinity;
      await train(
        model,
        {
          ...{ epochs: 1, batch, rate: 0.01, schedule: schedules[0], warmUp: 0, smoothing: 0 },
          ...{ augmentation, labelOffset: 0, trained: () => true, statistics: 'batch' },
          losses: [{ loss: crossEntropy, weight: 1 }],
          optimizer: sgd,
          optimizerOptions: { momentum: 0.9, nesterov: true, decay: 1e-4 },
        },
        {
          ...{ runtime, data, seed: 1, signal: new AbortController().signal },
          progress: () => {
            const now = performance.now();
            if (now > last) times.push(now - last);
            last = now;
          },
        },
      );
      (steps[name] ??= []).push(...times);
    }
  }
  await runtime.close();
  console.log('| augmentation | on its own, ms a batch | step, fastest | step, median |');
  console.log('| --- | ---: | ---: | ---: |');
  for (const [name, augmentation] of Object.entries(cases)) {
    const sorted = steps[name].toSorted((a, b) => a - b);
    const alone = await timeAlone(data, augmentation);
    const shown = [alone, sorted[0], sorted[sorted.length >> 1]].map((each) => each.toFixed(0));
    console.log(`| ${[name, ...shown].join(' | ')} |`);
  }
}

async function timeAlone(
  data: Awaited<ReturnType<typeof openDataset>>,
  amounts: Amounts,
): Promise<number> {
  const times: number[] = [];
  for await (const samples of data.batches(batch)) {
    const start = performance.now();
    augment(samples, data.images, amounts, 1, times.length);
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}

void main();
